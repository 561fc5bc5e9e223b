import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import t from 'tap'
import type { Test } from 'tap'
import { ClusterDirectory } from './cluster-directory.ts'

function directoryFor(t: Test): ClusterDirectory {
  const state = mkdtempSync(join(tmpdir(), 'kemu-state-'))
  t.teardown(() => rmSync(state, { recursive: true }))
  return new ClusterDirectory('try', { KEMU_STATE_DIR: state })
}

t.test('a start of which nothing came leaves no directory', async (t) => {
  const directory = directoryFor(t)
  directory.lock()()
  t.notOk(existsSync(directory.path))
})

t.test('a lock is let go also after the cluster was removed', async (t) => {
  const directory = directoryFor(t)
  const unlock = directory.lock()
  directory.remove()
  unlock()
  t.notOk(existsSync(directory.path))
})

t.test('a second kemu is told who works on the cluster', async (t) => {
  const directory = directoryFor(t)
  const unlock = directory.lock()
  t.throws(() => directory.lock(), { message: `another kemu (pid ${process.pid})` })
  unlock()
})
