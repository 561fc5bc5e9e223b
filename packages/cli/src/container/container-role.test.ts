import t from 'tap'
import { readRole } from './container-role.ts'

t.test('a control-plane host knows its peers; alone it is its own', (t) => {
  const env = { KEMU_ROLE: 'control-plane', KEMU_NODE_NAME: 'master2' }
  t.match(readRole(env), { kind: 'control-plane', controlPlanes: ['master2'] })
  const three = readRole({ ...env, KEMU_CONTROL_PLANES: 'master1 master2 master3' })
  t.match(three, { controlPlanes: ['master1', 'master2', 'master3'], podNetwork: 'host-gw' })
  t.end()
})

t.test('what cannot be is refused by the name of its variable', (t) => {
  const env = { KEMU_ROLE: 'control-plane', KEMU_NODE_NAME: 'master1' }
  for (const [name, value] of [
    ['KEMU_ROLE', 'etcd'],
    ['KEMU_NODE_NAME', ''],
    ['KEMU_CONTROL_PLANES', 'master2'],
    ['KEMU_CONTROL_PLANES', 'master1,master2'],
    ['KEMU_POD_NETWORK', 'weave'],
  ] as const) {
    t.throws(() => readRole({ ...env, [name]: value }), { message: new RegExp(name) }, value)
  }
  t.end()
})
