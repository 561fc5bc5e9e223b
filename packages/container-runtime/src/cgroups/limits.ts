import type { LinuxContainerResources } from '@kemu/rpc/cri'
import type { Controller } from './cgroup-places.ts'

/** One value written to one file of a group. */
export interface CgroupSetting {
  readonly controller: Controller
  readonly file: string
  readonly value: string
}

/** Zero and empty mean "not limited" in CRI. */
function given(value: string | undefined): value is string {
  return value !== undefined && value !== '' && value !== '0'
}

/** What a container's resources are as files of cgroups v1 (cgroup-v1/memory.rst, sched-bwc.rst). */
export function settingsV1(resources: LinuxContainerResources): CgroupSetting[] {
  const { cpuShares, cpuPeriod, cpuQuota, memoryLimitInBytes } = resources
  const settings: CgroupSetting[] = []
  const add = (controller: Controller, file: string, value: string | undefined): void => {
    if (given(value)) settings.push({ controller, file, value })
  }
  add('cpu', 'cpu.shares', cpuShares)
  add('cpu', 'cpu.cfs_period_us', cpuPeriod)
  add('cpu', 'cpu.cfs_quota_us', cpuQuota)
  add('memory', 'memory.limit_in_bytes', memoryLimitInBytes)
  add('pids', 'pids.max', resources.unified?.['pids.max'])
  return settings
}

/** The same as files of cgroups v2 (cgroup-v2.rst); shares become a weight as the OCI runtimes turn them. */
export function settingsV2(resources: LinuxContainerResources): CgroupSetting[] {
  const { cpuShares, cpuPeriod, cpuQuota, memoryLimitInBytes, unified } = resources
  const settings: CgroupSetting[] = []
  if (given(cpuShares))
    settings.push({
      controller: 'cpu',
      file: 'cpu.weight',
      value: String(weightOf(Number(cpuShares))),
    })
  if (given(cpuQuota)) {
    const quota = cpuQuota.startsWith('-') ? 'max' : cpuQuota
    const value = `${quota} ${given(cpuPeriod) ? cpuPeriod : defaultPeriodUs}`
    settings.push({ controller: 'cpu', file: 'cpu.max', value })
  }
  if (given(memoryLimitInBytes)) {
    settings.push({ controller: 'memory', file: 'memory.max', value: memoryLimitInBytes })
    // One process killed is the container killed, as the kubelet asks for since 1.28.
    settings.push({ controller: 'memory', file: 'memory.oom.group', value: '1' })
  }
  for (const [file, value] of Object.entries(unified ?? {})) {
    const controller = file.split('.')[0]
    if (controller === 'memory' || controller === 'cpu' || controller === 'pids')
      settings.push({ controller, file, value })
  }
  return settings
}

const defaultPeriodUs = 100_000

/** From 2..262144 to 1..10000 (KEP-2254). */
function weightOf(shares: number): number {
  const clamped = Math.min(262_144, Math.max(2, shares))
  return 1 + Math.floor(((clamped - 2) * 9999) / 262_142)
}

/** Processes of the group that the kernel killed for want of memory: memory.oom_control or memory.events. */
export function parseOomKills(text: string): number {
  return Number(/^oom_kill (\d+)$/m.exec(text)?.[1] ?? 0)
}
