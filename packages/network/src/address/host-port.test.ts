import t from 'tap'
import { formatHostPort, parseHostPort } from './host-port.ts'

t.test('splits what Go splits', (t) => {
  t.same(parseHostPort('10.0.0.1:80'), { host: '10.0.0.1', port: 80 })
  t.same(parseHostPort('[::1]:10256'), { host: '::1', port: 10256 })
  t.same(parseHostPort(':9153'), { host: '', port: 9153 })
  for (const text of ['10.0.0.1', '::1:80', '10.0.0.1:', 'a:70000', ':80:90'])
    t.equal(parseHostPort(text), undefined, text)
  t.end()
})

t.test('joins again', (t) => {
  for (const text of ['10.0.0.1:80', '[::1]:10256', ':9153'])
    t.equal(formatHostPort(parseHostPort(text)!), text)
  t.end()
})
