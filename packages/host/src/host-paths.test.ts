import { join } from 'node:path'
import t from 'tap'
import { hostPaths, shortRunDir } from './host-paths.ts'

t.test('with namespaces a host sees its own paths, without them the real ones', (t) => {
  t.equal(hostPaths('/state/master', 'root').inside('/etc/kubernetes'), '/etc/kubernetes')
  t.equal(
    hostPaths('/state/master', 'none').inside('/etc/kubernetes'),
    '/state/master/etc/kubernetes',
  )
  t.equal(hostPaths('/state/master', 'root').outside('/etc'), '/state/master/etc')
  t.end()
})

t.test(
  'a socket in the short run directory fits into a socket address, however deep the state lies',
  (t) => {
    const deep = `/${'very/deep/'.repeat(30)}master`
    t.ok(join(shortRunDir(deep, 65_534), 'host.sock').length < 108)
    t.not(shortRunDir(deep, 0), shortRunDir(`${deep}2`, 0), 'two hosts have two directories')
    t.end()
  },
)
