import { Auth, skipCSRFCheck } from '@auth/core'
import Kakao from '@auth/core/providers/kakao'
import { agree } from './browser.mjs'

const { KAKAO_REST_API_KEY, KAKAO_CLIENT_SECRET, REDIRECT_URI } = process.env
const [issuer] = process.argv.slice(2)
const { origin } = new URL(REDIRECT_URI)
const config = {
  providers: [Kakao({ clientId: KAKAO_REST_API_KEY, clientSecret: KAKAO_CLIENT_SECRET, issuer })],
  secret: 'of the cookie',
  basePath: '/auth',
  trustHost: true,
  skipCSRFCheck,
  callbacks: {
    jwt: ({ token, account }) => account ? { ...token, user: account.providerAccountId } : token,
    session: ({ token }) => ({ profile: token.user })
  }
}
const cookies = new Map()

async function visit (url, options = {}) {
  const cookie = [...cookies].map(pair => pair.join('=')).join('; ')
  const answer = await Auth(new Request(url, { headers: { cookie }, ...options }), config)
  for (const each of answer.headers.getSetCookie()) {
    const [, name, value] = each.match(/^([^=]+)=([^;]*)/)
    cookies.set(name, value)
  }
  return answer
}

const login = await visit(`${origin}/auth/signin/kakao`, { method: 'POST', body: new URLSearchParams() })
await visit(agree(login.headers.get('location')))
const session = await (await visit(`${origin}/auth/session`)).json()
console.log(JSON.stringify({ profile: session.profile }))
