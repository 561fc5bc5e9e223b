import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { silentLogger } from '@kemu/base'
import t from 'tap'
import { watchCniConfiguration } from './cni-watch.ts'

t.test(
  'tells of a file that appears in the directory, which it makes where it is missing',
  async (t) => {
    const parent = mkdtempSync(join(tmpdir(), 'kemu-cni-'))
    t.teardown(() => rmSync(parent, { recursive: true }))
    const dir = join(parent, 'etc/cni/net.d')
    const told = new Promise<void>((resolve) => {
      const watch = watchCniConfiguration(dir, silentLogger, resolve)
      t.teardown(() => watch.close())
    })
    writeFileSync(join(dir, '10-pods.conflist'), '{}')
    await told
    t.pass('told')
  },
)
