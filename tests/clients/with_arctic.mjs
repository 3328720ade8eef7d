import { Kakao, generateState } from 'arctic'
import { agree } from './browser.mjs'

const { KAKAO_REST_API_KEY, KAKAO_CLIENT_SECRET, REDIRECT_URI } = process.env

const kakao = new Kakao(KAKAO_REST_API_KEY, KAKAO_CLIENT_SECRET, REDIRECT_URI)
const answer = new URL(agree(kakao.createAuthorizationURL(generateState(), [])))
const tokens = await kakao.validateAuthorizationCode(answer.searchParams.get('code'))
const headers = { Authorization: `Bearer ${tokens.accessToken()}` }
const me = await (await fetch('https://kapi.kakao.com/v2/user/me', { headers })).json()
const renewed = await kakao.refreshAccessToken(tokens.refreshToken())
console.log(JSON.stringify({ profile: me.id, refresh: renewed.accessToken() !== tokens.accessToken() }))
