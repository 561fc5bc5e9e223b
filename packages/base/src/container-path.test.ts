import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import t from 'tap'
import { containerPath } from './container-path.ts'

t.test('a path that the given tree has is meant there, every other as it is', (t) => {
  const root = mkdtempSync(join(tmpdir(), 'kemu-root-'))
  t.teardown(() => rmSync(root, { recursive: true }))
  mkdirSync(join(root, 'var/run'), { recursive: true })
  writeFileSync(join(root, 'var/run/token'), 'x')
  const env = { KEMU_ROOT_PREFIX: root }
  t.equal(containerPath('/var/run/token', env), join(root, 'var/run/token'))
  t.equal(containerPath('/etc/hostname', env), '/etc/hostname')
  t.equal(containerPath('var/run/token', env), 'var/run/token', 'relative paths stay')
  t.equal(containerPath('/var/run/token', {}), '/var/run/token')
  t.end()
})
