import { execFileSync } from 'node:child_process'

// The redirect URI with the code, after the user has agreed.
export function agree (url) {
  return execFileSync('python', ['browser.py', String(url)], { encoding: 'utf8' }).trim()
}
