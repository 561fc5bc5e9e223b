import { qosClassOf, Quantity } from '@kemu/api'
import type { Container, Pod } from '@kemu/api'
import type { Message } from '@kemu/rpc'
import type { LinuxContainerResources } from '@kemu/rpc/cri'

// kernel bounds of cpu.shares, and the CFS period (pkg/kubelet/cm).
const sharesMin = 2
const sharesMax = 262_144
const sharesPerCpu = 1024
const quotaPeriodUs = 100_000
const quotaMinUs = 1000

/**
 * What a runtime with cgroups would enforce (calculateLinuxResources and the OOM scores of
 * pkg/kubelet/qos).
 */
export function linuxResources(
  pod: Pod,
  container: Container,
  nodeMemoryBytes: number,
): Message<LinuxContainerResources> {
  const { limits = {}, requests = {} } = container.resources ?? {}
  const podLimits = pod.spec.resources?.limits ?? {}
  const cpuLimit = millis(limits['cpu'] ?? podLimits['cpu'])
  const cpuRequest = requests['cpu'] === undefined ? cpuLimit : millis(requests['cpu'])
  const memoryLimit = units(limits['memory'] ?? podLimits['memory'])
  return {
    cpuShares: String(shares(cpuRequest)),
    ...(cpuLimit > 0 && {
      cpuPeriod: String(quotaPeriodUs),
      cpuQuota: String(Math.max(quotaMinUs, Math.floor((cpuLimit * quotaPeriodUs) / 1000))),
    }),
    ...(memoryLimit > 0 && { memoryLimitInBytes: String(memoryLimit) }),
    oomScoreAdj: String(oomScore(pod, container, nodeMemoryBytes)),
  }
}

function shares(cpuMillis: number): number {
  if (cpuMillis === 0) return sharesMin
  const exact = Math.floor((cpuMillis * sharesPerCpu) / 1000)
  return Math.min(sharesMax, Math.max(sharesMin, exact))
}

/**
 * -997 guaranteed and node-critical, 1000 best effort, between them by the share of the node's
 * memory.
 */
function oomScore(pod: Pod, container: Container, nodeMemoryBytes: number): number {
  const nodeCritical = 2_000_001_000 // scheduling.SystemCriticalPriority + 1000
  if ((pod.spec.priority ?? 0) >= nodeCritical) return -997
  switch (qosClassOf(pod)) {
    case 'Guaranteed':
      return -997
    case 'BestEffort':
      return 1000
    case 'Burstable': {
      const request = units(container.resources?.requests?.['memory'])
      const score = 1000 - Math.floor((1000 * request) / Math.max(1, nodeMemoryBytes))
      // Killed before guaranteed ones, after best-effort ones.
      if (score < 1000 - 997) return 1000 - 997
      return score === 1000 ? 999 : score
    }
  }
}

function millis(text: string | undefined): number {
  return text === undefined ? 0 : Quantity.parse(text).millis
}

function units(text: string | undefined): number {
  return text === undefined ? 0 : Quantity.parse(text).units
}
