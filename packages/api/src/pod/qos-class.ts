import type { Pod, ResourceRequirements } from '../generated/types.ts'
import { Quantity } from '../quantity.ts'

export type QosClass = 'Guaranteed' | 'Burstable' | 'BestEffort'

/** The resources that decide (helper/qos supportedQoSComputeResources). */
const counted = ['cpu', 'memory'] as const

/** The class that the server gave the pod, or else what its requests and limits amount to (qos.GetPodQOS). */
export function qosClassOf(pod: Pod): QosClass {
  return (pod.status?.qosClass as QosClass | undefined) ?? computeQosClass(pod)
}

/** What requests and limits amount to; resources of the whole pod, if stated, decide alone (KEP-2837). */
export function computeQosClass(pod: Pod): QosClass {
  const parts = partsOf(pod)
  const requests = sums(parts, 'requests')
  const limits = sums(parts, 'limits')
  if (requests.size === 0 && limits.size === 0) return 'BestEffort'
  const allLimited = parts.every(({ limits: own }) => counted.every((name) => isSet(own?.[name])))
  const equal = [...requests].every(([name, nanos]) => limits.get(name) === nanos)
  return allLimited && equal && requests.size === limits.size ? 'Guaranteed' : 'Burstable'
}

function partsOf({ spec }: Pod): ResourceRequirements[] {
  if (spec.resources) return [spec.resources]
  return [...(spec.containers ?? []), ...(spec.initContainers ?? [])].map(
    ({ resources }) => resources ?? {},
  )
}

function isSet(text: string | undefined): boolean {
  return text !== undefined && Quantity.parse(text).nanos > 0n
}

function sums(
  parts: readonly ResourceRequirements[],
  which: 'requests' | 'limits',
): Map<string, bigint> {
  const total = new Map<string, bigint>()
  for (const part of parts) {
    for (const name of counted) {
      const text = part[which]?.[name]
      if (!isSet(text)) continue
      total.set(name, (total.get(name) ?? 0n) + Quantity.parse(text!).nanos)
    }
  }
  return total
}
