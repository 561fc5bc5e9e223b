import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import t from 'tap'
import { emptyRootGroup, enableControllers } from './unified-tree.ts'

interface Group {
  readonly dir: string
  readonly read: (file: string) => string
}

function makeGroup(
  t: { teardown(work: () => void): void },
  files: Readonly<Record<string, string>>,
): Group {
  const dir = mkdtempSync(join(tmpdir(), 'kemu-cgroup-'))
  t.teardown(() => rmSync(dir, { recursive: true }))
  for (const [name, text] of Object.entries(files)) writeFileSync(join(dir, name), text)
  return { dir, read: (file) => readFileSync(join(dir, file), 'utf8') }
}

void t.test(
  'only controllers that a group has are handed on, for one wrong name spoils all',
  (t) => {
    const files = { 'cgroup.controllers': 'cpuset memory pids\n', 'cgroup.subtree_control': '\n' }
    const group = makeGroup(t, files)
    t.same(enableControllers(group.dir), ['memory', 'pids'])
    t.equal(group.read('cgroup.subtree_control'), '+memory +pids')
    t.end()
  },
)

void t.test('controllers that were handed on are not asked for again', (t) => {
  const files = {
    'cgroup.controllers': 'cpu io memory pids\n',
    'cgroup.subtree_control': 'memory pids\n',
  }
  const group = makeGroup(t, files)
  t.same(enableControllers(group.dir), ['memory', 'cpu', 'pids'])
  t.equal(group.read('cgroup.subtree_control'), '+cpu')
  t.end()
})

void t.test('a group with controllers for its children has no processes of its own', (t) => {
  const inner = makeGroup(t, { 'cgroup.type': 'domain\n', 'cgroup.procs': '1\n42\n' })
  emptyRootGroup(inner.dir)
  t.equal(inner.read('init/cgroup.procs'), '42', 'the last one that was moved')
  const empty = makeGroup(t, { 'cgroup.type': 'domain\n', 'cgroup.procs': '' })
  emptyRootGroup(empty.dir)
  t.throws(() => empty.read('init/cgroup.procs'), { code: 'ENOENT' })
  const root = makeGroup(t, { 'cgroup.procs': '1\n2\n' })
  emptyRootGroup(root.dir)
  t.throws(() => root.read('init/cgroup.procs'), { code: 'ENOENT' }, 'the real root may have both')
  t.end()
})
