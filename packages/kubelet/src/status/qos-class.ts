import { Quantity } from '@kemu/api'
import type { Pod } from '@kemu/api'

export type QosClass = 'Guaranteed' | 'Burstable' | 'BestEffort'

const counted = ['cpu', 'memory'] as const

/** The quality of service that the pod's requests and limits amount to (v1qos.ComputePodQOS). */
export function qosClass(pod: Pod): QosClass {
  const given = pod.status?.qosClass
  if (given) return given as QosClass
  const containers = [...pod.spec.containers, ...(pod.spec.initContainers ?? [])].map(
    ({ resources }) => resources ?? {},
  )
  const parts = pod.spec.resources ? [pod.spec.resources] : containers
  const isSet = (text: string | undefined): boolean =>
    text !== undefined && Quantity.parse(text).nanos > 0n
  const any = parts.some(({ requests, limits }) =>
    counted.some((name) => isSet(requests?.[name]) || isSet(limits?.[name])),
  )
  if (!any) return 'BestEffort'
  const guaranteed = parts.every(({ requests, limits }) =>
    counted.every((name) => {
      const limit = limits?.[name]
      if (!isSet(limit)) return false
      const request = requests?.[name]
      return request === undefined || Quantity.parse(request).compare(Quantity.parse(limit!)) === 0
    }),
  )
  return guaranteed ? 'Guaranteed' : 'Burstable'
}
