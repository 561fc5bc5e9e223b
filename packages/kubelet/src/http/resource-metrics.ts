import { groupByPod, sumOf } from './usage.ts'
import type { ContainerUsage } from './usage.ts'

interface NodeFigures {
  readonly cpuNanos: number
  readonly workingSetBytes: number
  readonly atMs: number
}

/** /metrics/resource: what metrics-server scrapes, names and types as upstream's. Pure. */
export function resourceMetrics(node: NodeFigures, containers: readonly ContainerUsage[]): string {
  const pods = groupByPod(containers)
  const families: string[] = []
  const family = (name: string, help: string, type: string, samples: readonly string[]): void => {
    families.push(`# HELP ${name} [STABLE] ${help}\n# TYPE ${name} ${type}\n${samples.join('')}`)
  }
  const ofContainer = (name: string, value: (c: ContainerUsage) => string): string[] =>
    containers.map((c) => `${name}{${labels(c)}} ${value(c)}\n`)
  const ofPod = (name: string, read: (c: ContainerUsage) => number): string[] =>
    pods.map((usage) => {
      const { name: pod, namespace } = usage.pod
      const atMs = Math.round(Math.max(...usage.containers.map((c) => c.atMs)))
      return `${name}{namespace="${namespace}",pod="${pod}"} ${sumOf(usage, read)} ${atMs}\n`
    })
  const at = (c: ContainerUsage): number => Math.round(c.atMs)
  const seconds = (c: { cpuNanos: number }): number => c.cpuNanos / 1e9
  let name = 'container_cpu_usage_seconds_total'
  const cpuHelp = (of: string): string =>
    `Cumulative cpu time consumed by the ${of} in core-seconds`
  const memoryHelp = (of: string): string => `Current working set of the ${of} in bytes`
  family(
    name,
    cpuHelp('container'),
    'counter',
    ofContainer(name, (c) => `${seconds(c)} ${at(c)}`),
  )
  name = 'container_memory_working_set_bytes'
  family(
    name,
    memoryHelp('container'),
    'gauge',
    ofContainer(name, (c) => `${c.workingSetBytes} ${at(c)}`),
  )
  name = 'container_start_time_seconds'
  family(
    name,
    'Start time of the container since unix epoch in seconds',
    'gauge',
    ofContainer(name, (c) => `${c.startedAtMs / 1000}`),
  )
  name = 'node_cpu_usage_seconds_total'
  const nodeAt = Math.round(node.atMs)
  family(name, cpuHelp('node'), 'counter', [`${name} ${seconds(node)} ${nodeAt}\n`])
  name = 'node_memory_working_set_bytes'
  family(name, memoryHelp('node'), 'gauge', [`${name} ${node.workingSetBytes} ${nodeAt}\n`])
  name = 'pod_cpu_usage_seconds_total'
  family(name, cpuHelp('pod'), 'counter', ofPod(name, seconds))
  name = 'pod_memory_working_set_bytes'
  family(
    name,
    memoryHelp('pod'),
    'gauge',
    ofPod(name, (c) => c.workingSetBytes),
  )
  family(
    'resource_scrape_error',
    '1 if there was an error while getting container metrics, 0 otherwise',
    'gauge',
    ['resource_scrape_error 0\n'],
  )
  return families.join('')
}

function labels({ name, pod }: ContainerUsage): string {
  return `container="${name}",namespace="${pod.namespace}",pod="${pod.name}"`
}
