import { mkdtempSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Pod } from '@kemu/api'
import t from 'tap'
import { makeEmptyDir, memoryDirBytes } from './empty-dir.ts'
import type { MemoryMounts } from './memory-mounts.ts'

const pod = (...memoryLimits: (string | undefined)[]): Pod =>
  ({
    metadata: { name: 'p', uid: 'u' },
    spec: {
      containers: memoryLimits.map((memory, i) => ({
        name: `c${i}`,
        resources: memory === undefined ? {} : { limits: { memory } },
      })),
    },
  }) as unknown as Pod

const allocatable = { memory: '1Gi' }
const Mi = 1 << 20

void t.test('memory is as large as the least of what limits it', (t) => {
  const bytes = (sizeLimit: string | undefined, ...limits: (string | undefined)[]): number =>
    memoryDirBytes({ pod: pod(...limits), source: { medium: 'Memory', sizeLimit }, allocatable })
  t.equal(bytes(undefined, undefined), 1024 * Mi, 'the node')
  t.equal(bytes('8Mi', undefined), 8 * Mi, 'the volume')
  t.equal(bytes('64Mi', '16Mi', '16Mi'), 32 * Mi, 'the pod')
  t.equal(bytes('64Mi', '16Mi', undefined), 64 * Mi, 'a pod with an open container has no limit')
  t.end()
})

void t.test('a volume in memory is mounted once, and again after its host was down', async (t) => {
  const base = mkdtempSync(join(tmpdir(), 'kemu-empty-'))
  t.teardown(() => rmSync(base, { recursive: true }))
  const dir = join(base, 'volume')
  const mounted = new Set<string>()
  const calls: string[] = []
  const memory: MemoryMounts = {
    mount: (place, bytes) => {
      calls.push(`${place.slice(base.length)} ${bytes}`)
      const isNew = !mounted.has(place)
      mounted.add(place)
      return Promise.resolve(isNew)
    },
    unmountBelow: () => Promise.resolve(),
  }
  const inputs = { pod: pod('4Mi'), source: { medium: 'Memory' }, allocatable, memory }
  await makeEmptyDir(dir, inputs)
  t.equal(statSync(dir).mode & 0o7777, 0o1777, 'the sticky bit of a new tmpfs stays')
  mounted.clear()
  await makeEmptyDir(dir, inputs)
  t.same(calls, [`/volume ${4 * Mi}`, `/volume ${4 * Mi}`])
  await t.rejects(
    makeEmptyDir(join(base, 'huge'), { ...inputs, source: { medium: 'HugePages-2Mi' } }),
    /emptyDir medium HugePages-2Mi is not emulated/,
  )
})
