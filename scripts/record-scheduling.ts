// Writes what a real scheduler says of the pods in packages/scheduler/recordings/failed-scheduling.json beside them:
//   KUBECONFIG=... node scripts/run.mjs record-scheduling
// The cluster's nodes are replaced by those of the file (hollow ones: something must play them); use an oracle of your own.
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { openOracle } from './oracle.ts'

interface Named {
  readonly name: string
  readonly labels: Record<string, string>
}

interface Scene {
  readonly nodes: readonly (Named & {
    taints: readonly unknown[]
    unschedulable: boolean
    allocatable: Record<string, string>
  })[]
  readonly priorities: Record<string, number>
  readonly running: readonly (Named & { spec: object })[]
  readonly cases: readonly (Named & { spec: object })[]
}

interface PodAnswer {
  readonly spec: { nodeName?: string }
  readonly status: { conditions?: { type: string; message?: string }[] }
}

const folder = join(process.env['KEMU_ROOT'] ?? process.cwd(), 'packages/scheduler/recordings')
const scene = JSON.parse(readFileSync(join(folder, 'failed-scheduling.json'), 'utf8')) as Scene
const ask = openOracle()
const pods = '/api/v1/namespaces/default/pods'
const merge = 'application/merge-patch+json'

for (const [name, value] of Object.entries(scene.priorities)) {
  const preemptionPolicy = name === 'never' ? 'Never' : 'PreemptLowerPriority'
  const object = { metadata: { name }, value, preemptionPolicy }
  await make('/apis/scheduling.k8s.io/v1/priorityclasses', object)
}
const { items } = JSON.parse((await ask('GET', '/api/v1/nodes')).body) as {
  items: { metadata: { name: string } }[]
}
for (const { metadata } of items) await ask('DELETE', `/api/v1/nodes/${metadata.name}`)
for (const { name, labels, taints, unschedulable, allocatable } of scene.nodes) {
  const own = { 'kubernetes.io/hostname': name, ...labels }
  await make('/api/v1/nodes', { metadata: { name, labels: own }, spec: { taints, unschedulable } })
  const ready = async (): Promise<boolean> =>
    (await ask('GET', `/api/v1/nodes/${name}`)).body.includes('"Ready"')
  await until(ready)
  const patch = JSON.stringify({ status: { allocatable, capacity: allocatable } })
  await ask('PATCH', `/api/v1/nodes/${name}/status`, patch, merge)
}
for (const { name, labels, spec } of scene.running)
  await make(pods, { metadata: { name, labels }, spec: { ...spec } })
const answers: [string, string][] = []
for (const [i, { name, labels, spec }] of scene.cases.entries()) {
  const path = `${pods}/case-${i}`
  await make(pods, { metadata: { name: `case-${i}`, labels }, spec })
  let answer: string | undefined
  await until(async () => (answer = answerOf(await ask('GET', path))) !== undefined)
  answers.push([name, answer!])
  await ask('DELETE', `${path}?gracePeriodSeconds=0`)
}
for (const { name } of scene.running) await ask('DELETE', `${pods}/${name}?gracePeriodSeconds=0`)
const text = JSON.stringify(Object.fromEntries(answers), null, 1)
writeFileSync(join(folder, 'failed-scheduling-answers.json'), `${text}\n`)
console.log(`${answers.length} answers recorded`)

async function make(path: string, object: object): Promise<void> {
  const { code, body } = await ask('POST', path, JSON.stringify(object))
  if (code !== 201 && code !== 409) throw new Error(`${path}: ${body}`)
}

function answerOf({ body }: { body: string }): string | undefined {
  const { spec, status } = JSON.parse(body) as PodAnswer
  const condition = status.conditions?.find(({ type }) => type === 'PodScheduled')
  return spec.nodeName ?? condition?.message
}

async function until(isSo: () => Promise<boolean>): Promise<void> {
  while (!(await isSo())) await new Promise((resolve) => setTimeout(resolve, 100))
}
