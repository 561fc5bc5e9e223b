import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import t from 'tap'
import type { Test } from 'tap'
import { eventually } from '../support/eventually.ts'
import { findProgram, needs } from '../support/programs.ts'
import { EtcdGroup, freePorts, kemuEtcd } from './etcd-group.ts'
import type { EtcdProgram, Ports } from './etcd-group.ts'

const key = '"key":"Zm9v"'
const requests: readonly (readonly [path: string, body: string])[] = [
  ['kv/put', `{${key},"value":"YmFy"}`],
  ['kv/put', `{${key},"value":"YmF6","prev_kv":true,"lease":0}`],
  ['kv/put', '{"key":"","value":"YmFy"}'],
  ['kv/range', `{${key}}`],
  ['kv/range', `{${key},"rangeEnd":"Zm9w","limit":"3","sort_order":"DESCEND","nothing":1}`],
  ['kv/range', `{${key},"sort_target":2,"count_only":true}`],
  ['kv/range', '{"key":"YWJzZW50"}'],
  ['kv/range', `{${key},"revision":"100"}`],
  ['kv/range', ''],
  [
    'kv/txn',
    `{"compare":[{"target":"VERSION",${key},"version":"2"}],"success":[{"requestPut":{"key":"YQ==","value":"Yg=="}},{"request_range":{${key}}}]}`,
  ],
  [
    'kv/txn',
    `{"compare":[{"target":"CREATE",${key},"createRevision":"9"}],"failure":[{"requestDeleteRange":{"key":"YQ=="}}]}`,
  ],
  ['kv/txn', '{"success":[{"requestPut":{"key":"YQ=="}},{"requestPut":{"key":"YQ=="}}]}'],
  ['kv/deleterange', `{${key},"range_end":"Zm9w","prev_kv":true}`],
  ['kv/compaction', '{"revision":"3"}'],
  ['kv/compaction', '{"revision":"3","physical":true}'],
  ['lease/grant', '{"ID":"7587862094130441023","TTL":100}'],
  ['lease/grant', '{"ID":"7587862094130441023","TTL":100}'],
  ['kv/lease/leases', '{}'],
  ['lease/keepalive', '{"ID":"7587862094130441023"}{"ID":"5"}'],
  ['kv/lease/revoke', '{"ID":"7587862094130441023"}'],
  ['lease/revoke', '{"ID":"7587862094130441023"}'],
  ['lease/timetolive', '{"ID":"5"}'],
  ['cluster/member/list', '{}'],
  ['cluster/member/promote', '{"ID":"5"}'],
  ['maintenance/alarm', '{"action":"ACTIVATE","alarm":"NOSPACE"}'],
  ['maintenance/alarm', '{"action":2,"alarm":"NOSPACE"}'],
  ['maintenance/defragment', '{}'],
  ['auth/status', '{}'],
  ['auth/enable', '{}'],
  ['auth/user/add', '{"name":"päul","password":"x"}'],
  ['auth/user/get', '{"name":"päul"}'],
  ['auth/role/add', '{"name":"r"}'],
  [
    'auth/role/grant',
    '{"name":"r","perm":{"permType":"READWRITE","key":"YQ==","range_end":"Yg=="}}',
  ],
  ['auth/role/grant', '{"name":"r","perm":{"permType":"READ","key":"","range_end":"AA=="}}'],
  ['auth/role/grant', '{"name":"r","perm":{"permType":"READ","key":"Yg==","range_end":"YQ=="}}'],
  ['auth/role/grant', '{"name":"r"}'],
  ['auth/role/revoke', '{"role":"r","key":"","range_end":"AA=="}'],
  ['auth/role/get', '{"role":"r"}'],
  ['auth/user/list', '{}'],
  ['lock/lock', '{"name":"YQ==","lease":"12345"}'],
  ['election/proclaim', '{}'],
  ['election/leader', '{"name":"YQ=="}'],
  // Without a password nobody gets in, neither with the old one nor with none.
  ['auth/user/changepw', '{"name":"päul","password":""}'],
  ['auth/user/add', '{"name":"root","password":"x"}'],
  ['auth/user/grant', '{"user":"root","role":"root"}'],
  ['auth/enable', '{}'],
  ['auth/authenticate', '{"name":"päul","password":"x"}'],
  ['auth/authenticate', '{"name":"päul","password":""}'],
  ['auth/authenticate', '{"name":"nobody","password":"x"}'],
  ['kv/range', `{${key}}`],
  ['nothing/at/all', '{}'],
]

async function ask(endpoint: string, [path, body]: readonly [string, string]): Promise<unknown> {
  const response = await fetch(`${endpoint}/v3/${path}`, { method: 'POST', body })
  const lines = (await response.text()).split('\n').filter((line) => line !== '')
  const { status } = response
  return { status, type: response.headers.get('content-type'), lines: lines.map(parse) }
}

/** What is a matter of the run: who answers, and in which term. Older gateways say an error's text twice. */
function parse(line: string): unknown {
  const drop = new Set(['cluster_id', 'member_id', 'raft_term', 'error', 'details'])
  return JSON.parse(line, (name, value: unknown) => (drop.has(name) ? undefined : value))
}

async function play(t: Test, program: EtcdProgram, ports: readonly Ports[]): Promise<unknown[]> {
  const directory = mkdtempSync(join(tmpdir(), 'kemu-json-gateway-'))
  const group = new EtcdGroup({ program, directory, ports }).start()
  t.teardown(async () => {
    await group.close()
    rmSync(directory, { recursive: true, force: true })
  })
  const { endpoint } = group.members[0]!
  await eventually('the member has published its name', async () => {
    const list = JSON.stringify(await ask(endpoint, ['cluster/member/list', '{}']))
    return list.includes('clientURLs') ? true : undefined
  })
  const answers: unknown[] = []
  for (const request of requests) answers.push(await ask(endpoint, request))
  await group.close()
  return answers
}

t.test('the JSON gateway answers like that of a real etcd', { skip: needs('etcd') }, async (t) => {
  const ports = await freePorts(1)
  const theirs = await play(t, { command: findProgram('etcd')!, args: [] }, ports)
  const ours = await play(t, kemuEtcd, ports)
  requests.forEach(([path, body], i) => t.same(ours[i], theirs[i], `${path} ${body}`))
})
