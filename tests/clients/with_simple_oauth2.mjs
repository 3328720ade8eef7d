import { AuthorizationCode } from 'simple-oauth2'
import { agree } from './browser.mjs'

const { KAKAO_REST_API_KEY, KAKAO_CLIENT_SECRET, REDIRECT_URI } = process.env

const kakao = new AuthorizationCode({
  client: { id: KAKAO_REST_API_KEY, secret: KAKAO_CLIENT_SECRET },
  auth: { tokenHost: 'https://kauth.kakao.com' },
  options: { authorizationMethod: 'body' }
})
const answer = new URL(agree(kakao.authorizeURL({ redirect_uri: REDIRECT_URI })))
const token = await kakao.getToken({ code: answer.searchParams.get('code'), redirect_uri: REDIRECT_URI })
const headers = { Authorization: `Bearer ${token.token.access_token}` }
const me = await (await fetch('https://kapi.kakao.com/v2/user/me', { headers })).json()
const renewed = await token.refresh()
console.log(JSON.stringify({
  profile: me.id,
  refresh: renewed.token.access_token !== token.token.access_token
}))
