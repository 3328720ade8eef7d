import passport from 'passport'
import { Strategy } from 'passport-kakao'
import { agree } from './browser.mjs'

const { KAKAO_REST_API_KEY, KAKAO_CLIENT_SECRET, REDIRECT_URI } = process.env

passport.use(new Strategy({
  clientID: KAKAO_REST_API_KEY,
  clientSecret: KAKAO_CLIENT_SECRET,
  callbackURL: REDIRECT_URI
}, (accessToken, refreshToken, profile, done) => done(null, profile)))

// What Express does with a request: the user, or where the browser is sent.
function handle (request) {
  return new Promise((resolve, reject) => {
    const response = { setHeader: (name, value) => name === 'Location' && resolve(value), end () {} }
    passport.authenticate('kakao', { session: false })(request, response, error => {
      error ? reject(error) : resolve(request.user)
    })
  })
}

const answer = new URL(agree(await handle({ query: {} })))
const user = await handle({ query: Object.fromEntries(answer.searchParams) })
console.log(JSON.stringify({ profile: user.id }))
