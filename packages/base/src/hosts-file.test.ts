import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import t from 'tap'
import { delegatingMark, hostsFileResolver } from './hosts-file.ts'

t.test('only a hosts file that says so leaves other names to the next resolver', async (t) => {
  const dir = mkdtempSync(join(tmpdir(), 'kemu-hosts-'))
  t.teardown(() => rmSync(dir, { recursive: true }))
  const file = join(dir, 'hosts')
  const asked: string[] = []
  const resolve = hostsFileResolver(file, async (name) => {
    asked.push(name)
    return ['172.20.0.3']
  })
  writeFileSync(file, '172.20.0.2 master control-plane\n')
  t.same(await resolve('control-plane'), ['172.20.0.2'])
  await t.rejects(resolve('worker1'), { message: /worker1 is not in/ })
  t.same(asked, [], 'nobody else is asked for a made-up name')

  writeFileSync(file, `172.20.0.2 master\n${delegatingMark}\n`)
  t.same(await resolve('master'), ['172.20.0.2'])
  t.same(await resolve('worker1'), ['172.20.0.3'])
  t.same(asked, ['worker1'])
})
