import type { Message } from '@kemu/rpc'
import type { ContainerStats, PodSandboxStats } from '@kemu/rpc/cri'
import type { ProcessUsage } from '../handler/handler.ts'
import type { Timestamps } from '../logs/timestamps.ts'
import type { ContainerRecord, SandboxRecord } from '../store/records.ts'

export function viewContainerStats(
  record: ContainerRecord,
  usage: ProcessUsage | undefined,
  timestamps: Timestamps,
): Message<ContainerStats> {
  const timestamp = timestamps.nowNs().toString()
  const { id, config } = record
  const attributes = {
    id,
    metadata: config.metadata,
    labels: config.labels,
    annotations: config.annotations,
  }
  if (!usage) return { attributes }
  return {
    attributes,
    cpu: { timestamp, usageCoreNanoSeconds: { value: usage.cpuNanos.toString() } },
    memory: {
      timestamp,
      workingSetBytes: { value: String(usage.workingSetBytes) },
      usageBytes: { value: String(usage.workingSetBytes) },
      rssBytes: { value: String(usage.rssBytes) },
      pageFaults: { value: String(usage.pageFaults) },
      majorPageFaults: { value: String(usage.majorPageFaults) },
    },
  }
}

/** A pod's figures are the sums of its containers'. */
export function viewSandboxStats(
  record: SandboxRecord,
  containers: readonly Message<ContainerStats>[],
  timestamps: Timestamps,
): Message<PodSandboxStats> {
  const timestamp = timestamps.nowNs().toString()
  const sum = (pick: (stats: Message<ContainerStats>) => string | null | undefined): string =>
    containers.reduce((total, stats) => total + BigInt(pick(stats) ?? '0'), 0n).toString()
  const { id, config } = record
  return {
    attributes: {
      id,
      metadata: config.metadata,
      labels: config.labels,
      annotations: config.annotations,
    },
    linux: {
      cpu: {
        timestamp,
        usageCoreNanoSeconds: { value: sum((s) => s.cpu?.usageCoreNanoSeconds?.value) },
      },
      memory: {
        timestamp,
        workingSetBytes: { value: sum((s) => s.memory?.workingSetBytes?.value) },
        usageBytes: { value: sum((s) => s.memory?.usageBytes?.value) },
        rssBytes: { value: sum((s) => s.memory?.rssBytes?.value) },
      },
      containers: [...containers],
    },
  }
}
