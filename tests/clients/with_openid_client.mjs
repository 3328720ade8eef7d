import * as client from 'openid-client'
import { agree } from './browser.mjs'

const { KAKAO_REST_API_KEY, KAKAO_CLIENT_SECRET, REDIRECT_URI } = process.env

const issuer = new URL('https://kauth.kakao.com')
const kakao = await client.discovery(issuer, KAKAO_REST_API_KEY, KAKAO_CLIENT_SECRET)
const verifier = client.randomPKCECodeVerifier()
const nonce = client.randomNonce()
const url = client.buildAuthorizationUrl(kakao, {
  redirect_uri: REDIRECT_URI,
  scope: 'openid',
  nonce,
  code_challenge: await client.calculatePKCECodeChallenge(verifier),
  code_challenge_method: 'S256'
})
const checks = { pkceCodeVerifier: verifier, expectedNonce: nonce, idTokenExpected: true }
const tokens = await client.authorizationCodeGrant(kakao, new URL(agree(url)), checks)
const me = await client.fetchUserInfo(kakao, tokens.access_token, tokens.claims().sub)
const renewed = await client.refreshTokenGrant(kakao, tokens.refresh_token)
const unlink = new URL('https://kapi.kakao.com/v1/user/unlink')
const unlinked = await client.fetchProtectedResource(kakao, renewed.access_token, unlink, 'POST')
console.log(JSON.stringify({
  profile: me.sub,
  refresh: renewed.access_token !== tokens.access_token,
  unlink: await unlinked.json()
}))
