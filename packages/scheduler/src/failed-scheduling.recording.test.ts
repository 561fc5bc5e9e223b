import t from 'tap'
import { readFileSync } from 'node:fs'
import type { PodSpec, Taint } from '@kemu/api'
import { node, pod } from '@kemu/controller-runtime/testing'
import { Cluster } from './testing/cluster.ts'

interface RecordedPod {
  readonly name: string
  readonly labels: Record<string, string>
  readonly spec: PodSpec
}

/** recordings/failed-scheduling.json; a real scheduler's words stand beside it (scripts/record-scheduling.ts). */
interface Scene {
  readonly nodes: readonly {
    name: string
    labels: Record<string, string>
    taints: Taint[]
    unschedulable: boolean
    allocatable: Record<string, string>
  }[]
  readonly priorities: Readonly<Record<string, number>>
  readonly running: readonly RecordedPod[]
  readonly cases: readonly RecordedPod[]
}

function read(name: string): unknown {
  return JSON.parse(readFileSync(new URL(`../recordings/${name}`, import.meta.url), 'utf8'))
}

const scene = read('failed-scheduling.json') as Scene
const answers = read('failed-scheduling-answers.json') as Record<string, string>

/** Set by the node lifecycle controller on cordoned nodes. */
const cordon: Taint = { key: 'node.kubernetes.io/unschedulable', effect: 'NoSchedule' }

/** As admission leaves it: the class's value and policy, and requests where only limits were stated. */
function admitted({ name, labels, spec }: RecordedPod): ReturnType<typeof pod> {
  const { priorityClassName = '' } = spec
  const containers = spec.containers.map(({ resources, ...rest }) => {
    return { ...rest, resources: { requests: resources?.requests ?? resources?.limits ?? {} } }
  })
  const priority = scene.priorities[priorityClassName] ?? 0
  const preemptionPolicy = priorityClassName === 'never' ? 'Never' : 'PreemptLowerPriority'
  return pod(name, {
    meta: { labels },
    spec: { ...spec, containers, priority, preemptionPolicy },
  })
}

t.test('says of every recorded pod what the real scheduler said', async (t) => {
  const nodes = scene.nodes.map(({ name, labels, taints, unschedulable, allocatable }) => {
    const all = unschedulable ? [...taints, cordon] : taints
    return node(name, { labels, taints: all, unschedulable, allocatable })
  })
  for (const recorded of scene.cases) {
    const cluster = new Cluster(nodes, scene.running.map(admitted))
    t.equal(cluster.explain(admitted(recorded)), answers[recorded.name], recorded.name)
  }
})
