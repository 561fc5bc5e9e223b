import { statfsSync } from 'node:fs'
import { formatTime } from '@kemu/api'
import type { Clock } from '@kemu/base'
import type { ContainerStats } from '@kemu/rpc/cri'
import type { Cri } from '../cri/cri.ts'
import { identityOf } from '../cri/observed-pod.ts'
import type { ObservedContainer, PodIdentity } from '../cri/observed-pod.ts'
import { containerNameLabel } from '../cri/cri-labels.ts'
import type { Kubelet } from '../kubelet.ts'
import { readNodeUsage } from '../node/node-usage.ts'

/** One container's use of the machine. */
export interface ContainerUsage {
  readonly id: string
  readonly image: string
  readonly pod: PodIdentity
  readonly name: string
  readonly startedAtMs: number
  readonly atMs: number
  readonly cpuNanos: number
  /** Billionths of a CPU, over the time since the last look. */
  readonly nanoCores: number
  readonly workingSetBytes: number
  readonly rssBytes: number
}

export interface UsageDeps {
  readonly cri: Cri
  readonly clock: Clock
  readonly kubelet: Kubelet
}

interface Sample {
  readonly atMs: number
  readonly cpuNanos: number
  readonly nanoCores: number
}

/** Rates over less than this are noise: the earlier rate is given again. */
const rateMsMin = 500

/** What containers and the node use, for `kubectl top` and monitoring. */
export class Usage {
  readonly #deps: UsageDeps
  readonly #samples = new Map<string, Sample>()

  constructor(deps: UsageDeps) {
    this.#deps = deps
  }

  async containers(): Promise<ContainerUsage[]> {
    const { cri, kubelet } = this.#deps
    const { stats } = await cri.runtime.ListContainerStats({})
    const usages = stats.flatMap((one) => {
      const pod = identityOf(one.attributes?.labels ?? {})
      if (!pod || !one.cpu || !one.memory) return []
      const id = one.attributes!.id
      const container = kubelet.pleg.get(pod.uid)?.containers.find((c) => c.id === id)
      if (container?.state !== 'running') return []
      return [this.#usage(container, pod, one)]
    })
    this.#forgetGone(new Set(stats.map(({ attributes }) => attributes?.id ?? '')))
    return usages
  }

  /** Of the node as a whole. */
  node(): { cpuNanos: number; nanoCores: number; workingSetBytes: number; atMs: number } {
    const { cpuNanos, memoryTotalBytes, memoryAvailableBytes } = readNodeUsage()
    const atMs = this.#deps.clock.now()
    const { nanoCores } = this.#rate('', atMs, Number(cpuNanos))
    const workingSetBytes = memoryTotalBytes - memoryAvailableBytes
    return { cpuNanos: Number(cpuNanos), nanoCores, workingSetBytes, atMs }
  }

  /** /stats/summary (kubelet/pkg/apis/stats/v1alpha1). */
  async summary(nodeName: string, rootDir: string): Promise<object> {
    const containers = await this.containers()
    const node = this.node()
    const { memoryAvailableBytes, bootAtMs } = readNodeUsage()
    const disk = statfsSync(rootDir)
    const time = formatTime(node.atMs)
    const fs = {
      time,
      availableBytes: disk.bavail * disk.bsize,
      capacityBytes: disk.blocks * disk.bsize,
      usedBytes: (disk.blocks - disk.bfree) * disk.bsize,
      inodesFree: disk.ffree,
      inodes: disk.files,
      inodesUsed: disk.files - disk.ffree,
    }
    return {
      node: {
        nodeName,
        startTime: formatTime(bootAtMs),
        cpu: cpu(time, node.nanoCores, node.cpuNanos),
        memory: { ...memory(time, node.workingSetBytes), availableBytes: memoryAvailableBytes },
        fs,
        runtime: { imageFs: fs },
      },
      pods: groupByPod(containers).map(podSummary),
    }
  }

  #usage(
    { id, image, startedAtMs }: ObservedContainer,
    pod: PodIdentity,
    { cpu: used, memory: held, attributes }: ContainerStats,
  ): ContainerUsage {
    const atMs = Number(used!.timestamp) / 1e6
    const cpuNanos = Number(used!.usageCoreNanoSeconds?.value ?? 0)
    const given = used!.usageNanoCores?.value
    const nanoCores = given === undefined ? this.#rate(id, atMs, cpuNanos).nanoCores : Number(given)
    return {
      id,
      image,
      pod,
      name: attributes!.labels[containerNameLabel] ?? '',
      startedAtMs,
      atMs,
      cpuNanos,
      nanoCores,
      workingSetBytes: Number(held!.workingSetBytes?.value ?? 0),
      rssBytes: Number(held!.rssBytes?.value ?? held!.workingSetBytes?.value ?? 0),
    }
  }

  #rate(id: string, atMs: number, cpuNanos: number): Sample {
    const last = this.#samples.get(id)
    if (last && atMs - last.atMs < rateMsMin) return last
    const nanoCores = last
      ? Math.max(0, Math.round(((cpuNanos - last.cpuNanos) / (atMs - last.atMs)) * 1000))
      : 0
    const sample = { atMs, cpuNanos, nanoCores }
    this.#samples.set(id, sample)
    return sample
  }

  #forgetGone(present: ReadonlySet<string>): void {
    for (const id of this.#samples.keys())
      if (id !== '' && !present.has(id)) this.#samples.delete(id)
  }
}

export interface PodUsage {
  readonly pod: PodIdentity
  readonly containers: readonly ContainerUsage[]
}

export function groupByPod(containers: readonly ContainerUsage[]): PodUsage[] {
  const pods = new Map<string, ContainerUsage[]>()
  for (const container of containers)
    pods.set(container.pod.uid, [...(pods.get(container.pod.uid) ?? []), container])
  return [...pods.values()].map((list) => ({ pod: list[0]!.pod, containers: list }))
}

export function sumOf(pod: PodUsage, read: (container: ContainerUsage) => number): number {
  return pod.containers.reduce((sum, container) => sum + read(container), 0)
}

function podSummary(usage: PodUsage): object {
  const { pod, containers } = usage
  const time = formatTime(Math.max(...containers.map(({ atMs }) => atMs)))
  const startedAtMs = Math.min(...containers.map((c) => c.startedAtMs))
  return {
    podRef: { name: pod.name, namespace: pod.namespace, uid: pod.uid },
    startTime: formatTime(startedAtMs),
    containers: containers.map((c) => ({
      name: c.name,
      startTime: formatTime(c.startedAtMs),
      cpu: cpu(formatTime(c.atMs), c.nanoCores, c.cpuNanos),
      memory: { ...memory(formatTime(c.atMs), c.workingSetBytes), rssBytes: c.rssBytes },
    })),
    cpu: cpu(
      time,
      sumOf(usage, (c) => c.nanoCores),
      sumOf(usage, (c) => c.cpuNanos),
    ),
    memory: memory(
      time,
      sumOf(usage, (c) => c.workingSetBytes),
    ),
  }
}

function cpu(time: string, usageNanoCores: number, usageCoreNanoSeconds: number): object {
  return { time, usageNanoCores, usageCoreNanoSeconds }
}

function memory(time: string, workingSetBytes: number): object {
  return { time, usageBytes: workingSetBytes, workingSetBytes }
}
