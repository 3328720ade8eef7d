'use strict'
// Leads Node's own connections to the emulator, because older versions of Node use no proxy.
// NODE_OPTIONS loads it with --require.

const { syncBuiltinESMExports } = require('module')
const net = require('net')
const tls = require('tls')
const { ports, proxy } = require('./ports.json')

const LOOPBACK = new Set(['localhost', '127.0.0.1', '::1', '0.0.0.0', '::', ''])

function isLoopback (host) {
  const name = String(host ?? '').toLowerCase().replace(/^\[|\]$/g, '')
  return LOOPBACK.has(name) || /^127(\.\d+){3}$/.test(name) || name.endsWith('.localhost')
}

function refusal (host, port) {
  const where = `${host}:${port}`
  const error = new Error(`the Kakao emulator lets nothing leave this machine: ${where} was refused`)
  return Object.assign(error, { code: 'ECONNREFUSED', syscall: 'connect', address: host, port })
}

// Ask the proxy too, which refuses as well and writes the attempt to the journal.
function report (host, port) {
  const socket = connect.call(new net.Socket(), { host: '127.0.0.1', port: proxy })
  socket.on('error', () => {})
  socket.end(`CONNECT ${host}:${port} HTTP/1.1\r\nHost: ${host}:${port}\r\n\r\n`)
  socket.resume()
}

const connect = net.Socket.prototype.connect

net.Socket.prototype.connect = function (...args) {
  const normalized = Array.isArray(args[0]) ? args[0] : args
  const first = normalized[0]
  const asked = typeof first === 'object' && first !== null
    ? first
    : { port: first, host: typeof normalized[1] === 'string' ? normalized[1] : undefined }
  const isPath = asked.path || (typeof first === 'string' && !/^\d+$/.test(first))
  if (isPath || isLoopback(asked.host)) return connect.apply(this, args)
  report(asked.host, asked.port)
  process.nextTick(() => this.destroy(refusal(asked.host, asked.port)))
  return this
}

const tlsConnect = tls.connect

tls.connect = function (...args) {
  const given = typeof args[0] === 'object' && args[0] !== null
    ? args.shift()
    : { port: args.shift(), ...(typeof args[0] === 'string' ? { host: args.shift() } : {}) }
  const further = typeof args[0] === 'object' && args[0] !== null ? args.shift() : {}
  const options = { ...given, ...further }
  const port = ports[`${String(options.host).toLowerCase()}:${options.port}`]
  if (port === undefined || options.socket) return tlsConnect.call(this, options, ...args)
  const servername = options.servername || options.host
  return tlsConnect.call(this, { ...options, host: '127.0.0.1', port, servername }, ...args)
}

syncBuiltinESMExports()
