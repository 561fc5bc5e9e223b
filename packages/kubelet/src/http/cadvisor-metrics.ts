import { cpus, totalmem } from 'node:os'
import { MetricsRegistry } from '@kemu/base'
import { groupByPod, sumOf } from './usage.ts'
import type { ContainerUsage } from './usage.ts'

interface NodeFigures {
  readonly cpuNanos: number
  readonly workingSetBytes: number
}

/** A control group as cAdvisor would see it: a container, a pod (`container` is empty) or the node (`/`). */
interface Group {
  readonly id: string
  readonly container: string
  readonly image: string
  readonly name: string
  readonly namespace: string
  readonly pod: string
  readonly cpuNanos: number
  readonly workingSetBytes: number
  readonly rssBytes: number
  readonly startedAtMs: number
  readonly atMs: number
}

const labelNames = ['container', 'id', 'image', 'name', 'namespace', 'pod'] as const

/** /metrics/cadvisor: the series of it that dashboards and recording rules read, with upstream's labels. */
export function cadvisorMetrics(node: NodeFigures, containers: readonly ContainerUsage[]): string {
  const registry = new MetricsRegistry()
  const pods = podGroups(containers)
  const running = containers.map(containerGroup)
  const all = [nodeGroup(node), ...pods, ...running]
  const family = (
    type: 'counter' | 'gauge',
    name: string,
    help: string,
    groups: readonly Group[],
    value: (group: Group) => number,
  ): void =>
    registry.samplesFrom(type, name, help, labelNames, () =>
      groups.map((group) => ({ labels: labelNames.map((l) => group[l]), value: value(group) })),
    )
  registry.samplesFrom(
    'counter',
    'container_cpu_usage_seconds_total',
    'Cumulative cpu time consumed in seconds.',
    ['container', 'cpu', 'id', 'image', 'name', 'namespace', 'pod'],
    () =>
      all.map((group) => {
        const [container, ...rest] = labelNames.map((label) => group[label])
        return { labels: [container!, 'total', ...rest], value: group.cpuNanos / 1e9 }
      }),
  )
  const seen = 'Last time a container was seen by the exporter'
  family('gauge', 'container_last_seen', seen, running, (g) => Math.round(g.atMs / 1000))
  const rss = 'Size of RSS in bytes.'
  family('gauge', 'container_memory_rss', rss, [...pods, ...running], (g) => g.rssBytes)
  const held = 'Current working set in bytes.'
  family('gauge', 'container_memory_working_set_bytes', held, all, (g) => g.workingSetBytes)
  const start = 'Start time of the container since unix epoch in seconds.'
  family('gauge', 'container_start_time_seconds', start, running, (g) => g.startedAtMs / 1000)
  registry.gaugeFrom('machine_cpu_cores', 'Number of logical CPU cores.', () => cpus().length)
  const installed = 'Amount of memory installed on the machine.'
  registry.gaugeFrom('machine_memory_bytes', installed, totalmem)
  return registry.expose()
}

function containerGroup(usage: ContainerUsage): Group {
  const { name: pod, namespace, uid } = usage.pod
  const id = `/kubepods/pod${uid}/${usage.id}`
  return { ...usage, pod, namespace, id, name: usage.id, container: usage.name }
}

function podGroups(containers: readonly ContainerUsage[]): Group[] {
  return groupByPod(containers).map((usage) => ({
    id: `/kubepods/pod${usage.pod.uid}`,
    container: '',
    image: '',
    name: '',
    namespace: usage.pod.namespace,
    pod: usage.pod.name,
    cpuNanos: sumOf(usage, (c) => c.cpuNanos),
    workingSetBytes: sumOf(usage, (c) => c.workingSetBytes),
    rssBytes: sumOf(usage, (c) => c.rssBytes),
    startedAtMs: Math.min(...usage.containers.map((c) => c.startedAtMs)),
    atMs: Math.max(...usage.containers.map((c) => c.atMs)),
  }))
}

function nodeGroup(node: NodeFigures): Group {
  const nobody = { container: '', image: '', name: '', namespace: '', pod: '' }
  return { ...nobody, ...node, id: '/', rssBytes: 0, startedAtMs: 0, atMs: 0 }
}
