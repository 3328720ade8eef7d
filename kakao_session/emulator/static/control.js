'use strict'

const words = document.body.dataset
const shown = {}

function element (name, ...inside) {
  const made = document.createElement(name)
  made.append(...inside)
  return made
}

function classed (made, name) {
  made.className = name
  return made
}

function fill (id, items, draw) {
  const drawn = JSON.stringify(items)
  if (shown[id] === drawn) return // redrawing would lose the keyboard's focus
  shown[id] = drawn
  document.getElementById(id).replaceChildren(...items.map(draw))
}

function life (seconds) {
  const whole = Math.abs(seconds)
  const two = number => String(Math.floor(number)).padStart(2, '0')
  const clock = `${two(whole % 86400 / 3600)}:${two(whole % 3600 / 60)}:${two(whole % 60)}`
  return `${seconds < 0 ? '−' : ''}${whole >= 86400 ? `${Math.floor(whole / 86400)}d ` : ''}${clock}`
}

function drawToken (token) {
  const left = token.ended || life(token.expires_in)
  const row = element('tr',
    element('td', element('code', token.fingerprint)),
    element('td', words[token.kind]),
    element('td', token.user),
    classed(element('td', left), token.alive ? 'good' : 'bad'))
  return classed(row, token.alive ? '' : 'dead')
}

function drawRequest (request) {
  const good = request.status !== null && request.status < 400
  const tokens = [request.sent, request.issued && `→ ${request.issued}`].filter(Boolean).join(' ')
  return element('tr',
    element('td', request.time.slice(11, 19)),
    classed(element('td', request.status ?? '—'), good ? 'good' : 'bad'),
    element('td', `${request.method} ${request.host}${request.path}`),
    element('td', element('code', tokens)),
    element('td', request.note))
}

function drawUser (user) {
  const button = element('button', words.unlink)
  button.dataset.action = 'unlink'
  button.dataset.fields = JSON.stringify({ user: user.id })
  button.ariaLabel = `${words.unlink} ${user.id}`
  return element('li', `${user.nickname} ${user.id}`, element('small', user.scopes.join(' ')), button)
}

function drawFailure (failure) {
  const times = failure.times === null ? '∞' : failure.times
  return element('li', `${failure.path} ×${times}`, element('small', failure.what))
}

function show (state) {
  document.getElementById('now').textContent = state.now.replace('T', ' ').replace('Z', ' UTC')
  document.getElementById('count').textContent = state.requests_in_all
  fill('tokens', state.tokens, drawToken)
  fill('requests', state.requests, drawRequest)
  fill('users', state.users.length ? state.users : [null], user => user ? drawUser(user) : element('li', words.none))
  fill('failures', state.failures, drawFailure)
  for (const input of document.querySelectorAll('[data-switch]')) {
    const value = state.switches[input.dataset.switch]
    if (input === document.activeElement && input.tagName === 'SELECT') continue
    if (input.type === 'checkbox') input.checked = value
    else input.value = value
  }
}

async function ask (path, fields) {
  const message = document.getElementById('message')
  const sent = fields && {
    method: 'POST', headers: { 'Content-Type': 'application/json' }, body: JSON.stringify(fields)
  }
  try {
    const response = await fetch(path, sent)
    const body = await response.json()
    message.textContent = body.error || ''
    if (!body.error) show(body)
  } catch {
    message.textContent = words.lost
  }
}

document.addEventListener('click', event => {
  const button = event.target.closest('[data-action]')
  if (button) ask(`/api/${button.dataset.action}`, JSON.parse(button.dataset.fields || '{}'))
})

document.addEventListener('change', event => {
  const input = event.target.closest('[data-switch]')
  if (!input) return
  const value = input.type === 'checkbox' ? input.checked : input.value
  ask('/api/switches', { [input.dataset.switch]: value })
})

async function live () {
  if (!document.hidden) await ask('/api/state')
  setTimeout(live, 1000)
}

live()
