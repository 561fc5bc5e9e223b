import t from 'tap'
import { seededRandom } from '@kemu/base'
import { createToken, formatToken, parseToken } from './bootstrap-token.ts'

t.test('a token that was made can be read', (t) => {
  for (let seed = 0; seed < 100; seed++) {
    const token = createToken(seededRandom(seed))
    t.same(parseToken(formatToken(token)), token)
  }
  t.end()
})

t.test('what is no token is refused with its form and the way to a new one', (t) => {
  for (const text of ['', 'abcdef', 'ABCDEF.0123456789abcdef', 'abcdef.0123456789abcde', 'a.b']) {
    t.throws(() => parseToken(text), { name: 'BadToken' })
  }
  t.throws(() => parseToken('x'), /"\[a-z0-9\]\{6\}\.\[a-z0-9\]\{16\}".*kemu token create/)
  t.end()
})
