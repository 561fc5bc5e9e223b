import { aggregateContainers, Quantity } from '@kemu/api'
import type { Pod } from '@kemu/api'

export type ResourceAmounts = ReadonlyMap<string, Quantity>

/**
 * What a pod asks for in all: the larger of its starting and its running time, plus overhead
 * (PodRequests, KEP-753).
 */
export function podRequests(pod: Pod): ResourceAmounts {
  return podAmounts(pod, 'requests')
}

/**
 * The same of its limits; a resource that some container leaves open is still summed over those
 * that name it.
 */
export function podLimits(pod: Pod): ResourceAmounts {
  return podAmounts(pod, 'limits')
}

function podAmounts(pod: Pod, which: 'requests' | 'limits'): ResourceAmounts {
  const podLevel = parse(pod.spec.resources?.[which])
  const total = new Map([...aggregateContainers(pod, which), ...podLevel])
  const overhead = parse(pod.spec.overhead)
  return which === 'requests' || total.size > 0 ? sum([total, overhead]) : total
}

function parse(list: Readonly<Record<string, string>> | undefined): ResourceAmounts {
  return new Map(Object.entries(list ?? {}).map(([name, text]) => [name, Quantity.parse(text)]))
}

function sum(lists: readonly ResourceAmounts[]): ResourceAmounts {
  const total = new Map<string, Quantity>()
  for (const list of lists)
    for (const [name, quantity] of list) {
      const before = total.get(name)
      total.set(name, before ? before.add(quantity) : quantity)
    }
  return total
}
