import { spawn } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { freePorts } from '@kemu/base/testing'
import t from 'tap'
import { eventually } from '../support/eventually.ts'
import { findProgram, needs, root } from '../support/programs.ts'
import { run, succeed } from '../support/run.ts'
import { etcdctlEnvironment } from './etcdctl.ts'

const skip = needs('etcdctl')

t.test('the real etcdctl puts, gets, watches, transacts and leases', { skip }, async (t) => {
  const dir = mkdtempSync(join(tmpdir(), 'kemu-etcdctl-'))
  const [clientPort, peerPort] = await freePorts(2)
  const client = `http://127.0.0.1:${clientPort}`
  const peer = `http://127.0.0.1:${peerPort}`
  const flags = [
    `--data-dir=${join(dir, 'data')}`,
    `--listen-client-urls=${client}`,
    `--advertise-client-urls=${client}`,
    `--listen-peer-urls=${peer}`,
    `--initial-advertise-peer-urls=${peer}`,
    `--initial-cluster=default=${peer}`,
  ]
  const kemu = [join(root, 'packages/cli/bin/kemu.cjs'), 'etcd', ...flags]
  const server = spawn(process.execPath, kemu, { stdio: 'ignore' })
  const children: ChildProcess[] = [server]
  t.teardown(() => {
    for (const child of children) child.kill('SIGKILL')
    rmSync(dir, { recursive: true, force: true })
  })
  const env = etcdctlEnvironment(client)
  const etcdctl = (...args: readonly string[]): Promise<string> =>
    succeed(findProgram('etcdctl')!, args, { env })
  await eventually('etcd answers', () => etcdctl('endpoint', 'health').then(() => true))

  const watch = spawn(findProgram('etcdctl')!, ['watch', 'a', '--prefix'], { env })
  children.push(watch)
  let seen = ''
  watch.stdout.setEncoding('utf8').on('data', (text: string) => (seen += text))
  await eventually('the watch sees a write', async () => {
    await etcdctl('put', 'a-first', 'x')
    return seen.includes('a-first') ? true : undefined
  })

  t.equal(await etcdctl('put', 'a1', 'one'), 'OK\n')
  t.equal(await etcdctl('put', 'a2', 'two'), 'OK\n')
  t.equal(await etcdctl('get', 'a1'), 'a1\none\n')
  t.equal(await etcdctl('get', 'a1', 'a3', '--print-value-only'), 'one\ntwo\n')
  t.equal(await etcdctl('get', 'a', '--prefix', '--keys-only', '--limit=1'), 'a-first\n\n')

  const txn = await run(findProgram('etcdctl')!, ['txn'], {
    env,
    input: 'value("a1") = "one"\n\nput a1 uno\nget a2\n\nput a1 never\n\n',
  })
  t.equal(txn.code, 0, txn.stderr)
  t.match(txn.stdout, /SUCCESS\n\nOK\n\na2\ntwo\n/)
  t.equal(await etcdctl('get', 'a1', '--print-value-only'), 'uno\n')

  const granted = /lease (\w+) granted with TTL\(60s\)/.exec(await etcdctl('lease', 'grant', '60'))
  await etcdctl('put', 'a-leased', 'z', `--lease=${granted![1]}`)
  t.match(await etcdctl('lease', 'timetolive', granted![1]!, '--keys'), 'attached keys([a-leased])')
  await etcdctl('lease', 'revoke', granted![1]!)
  t.equal(await etcdctl('get', 'a-leased'), '')
  t.equal(await etcdctl('del', 'a', '--prefix'), '3\n')

  await eventually('the watch has seen everything', () =>
    seen.includes('PUT\na1\nuno\n') && seen.includes('DELETE\na-leased\n') ? true : undefined,
  )
  t.match(seen, /PUT\na1\none\nPUT\na2\ntwo\nPUT\na1\nuno\nPUT\na-leased\nz\nDELETE\na-leased\n/)

  const compacted = await etcdctl('get', 'a1', '-w', 'json')
  const { revision } = (JSON.parse(compacted) as { header: { revision: number } }).header
  t.equal(await etcdctl('compact', String(revision)), `compacted revision ${revision}\n`)
  const old = await run(findProgram('etcdctl')!, ['get', 'a1', '--rev=2'], { env })
  t.not(old.code, 0)
  t.match(old.stderr, 'etcdserver: mvcc: required revision has been compacted')
})
