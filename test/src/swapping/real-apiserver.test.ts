// The real kube-apiserver, controller manager and scheduler on our store: `npm run test:real-apiserver`.
//   KEMU_STORES=1,3-tls         which stores: members, and TLS or plain (1, 1-tls, 3 and 3-tls)
//   KEMU_LOAD_OBJECTS=100000   how many objects to load it with (3,000)
//   KEMU_CONFORMANCE=REGEX     which of upstream's tests to run on each, where e2e.test is (Watchers, chunked lists)
import t from 'tap'
import type { Test } from 'tap'
import { eventually } from '../support/eventually.ts'
import { findProgram, needs } from '../support/programs.ts'
import { run } from '../support/run.ts'
import { ObjectLoad } from './object-load.ts'
import { RealControlPlane } from './real-control-plane.ts'
import type { StoreShape } from './real-control-plane.ts'

const shapes: Readonly<Record<string, StoreShape>> = {
  1: { members: 1, tls: false },
  '1-tls': { members: 1, tls: true },
  3: { members: 3, tls: false },
  '3-tls': { members: 3, tls: true },
}
const chosen = process.env['KEMU_STORES']?.split(',') ?? Object.keys(shapes)
const objects = Number(process.env['KEMU_LOAD_OBJECTS'] ?? 3000)
const conformance =
  process.env['KEMU_CONFORMANCE'] ?? 'Watchers should|chunking should return chunks of results'
const programs = [
  'kube-apiserver',
  'kube-controller-manager',
  'kube-scheduler',
  'etcdctl',
  'kubectl',
]
const longestMs = 1_500_000

/** Of the leases of both elected programs, by name. */
type Leases = Record<string, { holder: string; transitions: number; renewTime: string }>

async function readLeases(plane: RealControlPlane): Promise<Leases> {
  const names = ['kube-controller-manager', 'kube-scheduler']
  const text = await plane.kubectl('-n', 'kube-system', 'get', 'lease', ...names, '-o', 'json')
  const { items } = JSON.parse(text) as {
    items: {
      metadata: { name: string }
      spec: { holderIdentity: string; leaseTransitions?: number; renewTime: string }
    }[]
  }
  return Object.fromEntries(
    items.map(({ metadata, spec: { holderIdentity, leaseTransitions = 0, renewTime } }) => [
      metadata.name,
      { holder: holderIdentity, transitions: leaseTransitions, renewTime },
    ]),
  )
}

async function leadersDeath(t: Test, plane: RealControlPlane): Promise<void> {
  const before = await readLeases(plane)
  const { leader } = await plane.status()
  await plane.store.stop(leader, 'SIGKILL')
  const killedAtMs = performance.now()
  await eventually('a write after the death', () => plane.kubectl('create', 'configmap', 'after'))
  t.comment(`the first write came through ${Math.round(performance.now() - killedAtMs)} ms later`)
  const after = await eventually('both leases are renewed', async () => {
    const now = await readLeases(plane)
    const isRenewed = Object.entries(now).every(
      ([name, { renewTime }]) => renewTime > before[name]!.renewTime,
    )
    return isRenewed ? now : undefined
  })
  for (const [name, { holder, transitions }] of Object.entries(before)) {
    t.equal(after[name]!.holder, holder, `${name} has not changed hands`)
    t.equal(after[name]!.transitions, transitions)
  }
  plane.store.run(leader)
  await eventually('the member is back', () => plane.etcdctl(['endpoint', 'health']))
}

async function loadAndCompaction(t: Test, plane: RealControlPlane): Promise<void> {
  await plane.kubectl('create', 'namespace', 'load')
  const load = new ObjectLoad(plane.kubeconfig, 'load')
  t.teardown(() => load.close())
  const { revision: early } = await plane.status()
  await load.create(objects)
  t.equal(await load.count(), objects)
  const { revision } = await plane.status()
  await plane.etcdctl(['compact', '--physical', String(revision)])
  await t.rejects(plane.etcdctl(['get', '--rev', String(early), '/registry']), {
    message: /required revision has been compacted/,
  })
  await plane.etcdctl(['defrag', '--command-timeout=120s'])
  t.equal(await load.count(), objects, 'a compaction takes only what is past')
  const hashkv = ['endpoint', 'hashkv', `--rev=${revision}`, '--write-out=json']
  const hashes = await plane.etcdctl(hashkv)
  const all = JSON.parse(hashes) as { HashKV: { hash: number } }[]
  t.equal(new Set(all.map(({ HashKV }) => HashKV.hash)).size, 1, 'all members hold the same')
}

async function upstreamsTests(t: Test, plane: RealControlPlane): Promise<void> {
  const flags = [
    `--kubeconfig=${plane.kubeconfig}`,
    '--provider=skeleton',
    `--ginkgo.focus=(${conformance}).*\\[Conformance\\]`,
    '--ginkgo.no-color',
    '--num-nodes=-1',
    '--allowed-not-ready-nodes=0',
    '--minStartupPods=0',
    `--kubectl-path=${findProgram('kubectl')!}`,
  ]
  const { code, stdout } = await run(findProgram('e2e.test')!, flags, { timeoutMs: longestMs })
  const [summary] = /^Ran [1-9].*\n.*$/m.exec(stdout) ?? [stdout.slice(-2000)]
  t.comment(summary)
  t.equal(code, 0, summary)
}

for (const key of chosen) {
  const shape = shapes[key]
  if (!shape) throw new Error(`KEMU_STORES: ${key} is none of ${Object.keys(shapes).join()}`)
  const { members, tls } = shape
  const name = `a real control plane on ${members} member(s), ${tls ? 'TLS' : 'plain'}`
  t.test(name, { skip: needs(...programs), timeout: longestMs }, async (t) => {
    const plane = await RealControlPlane.start(shape)
    t.teardown(() => plane.stop())
    await eventually('both elected programs lead', async () => {
      return Object.keys(await readLeases(plane)).length === 2 ? true : undefined
    })
    if (members > 1) {
      await t.test('leases outlive the leader of the store', (t) => leadersDeath(t, plane))
    }
    await t.test(`${objects} objects and a compaction`, { timeout: longestMs }, (t) =>
      loadAndCompaction(t, plane),
    )
    const skip = needs('e2e.test')
    await t.test(`conformance: ${conformance}`, { skip, timeout: longestMs }, (t) =>
      upstreamsTests(t, plane),
    )
  })
}
