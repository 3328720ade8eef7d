import grant from 'grant'
import { agree } from './browser.mjs'

const { KAKAO_REST_API_KEY, KAKAO_CLIENT_SECRET, REDIRECT_URI } = process.env
const { origin, pathname } = new URL(REDIRECT_URI)
const handle = grant({
  handler: 'node',
  session: { secret: 'of the cookie' },
  config: {
    defaults: { origin, transport: 'state', response: ['tokens', 'profile'] },
    kakao: {
      key: KAKAO_REST_API_KEY,
      secret: KAKAO_CLIENT_SECRET,
      state: true,
      profile_url: 'https://kapi.kakao.com/v2/user/me'
    }
  }
})
let cookie = ''

// What Node's HTTP server does with a request: grant's answer, and where the browser is sent.
async function visit (url) {
  let location
  const response = {
    setHeader (name, value) {
      if (name === 'location') location = value
      if (name === 'set-cookie') cookie = value.map(each => each.split(';')[0]).join('; ')
    },
    end () {}
  }
  const answer = await handle({ method: 'GET', url, headers: { cookie } }, response)
  await new Promise(setImmediate)
  return { ...answer, location }
}

const login = await visit('/connect/kakao')
const { search } = new URL(agree(login.location))
const { response } = await visit(pathname + search)
console.log(JSON.stringify({ profile: response.profile.id }))
