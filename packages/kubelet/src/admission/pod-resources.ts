import { Quantity } from '@kemu/api'
import type { Container, Pod } from '@kemu/api'
import { initContainersOf, isSidecar } from '../sync/pod-spec.ts'

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
  const amountsOf = (container: Container): ResourceAmounts => parse(container.resources?.[which])
  let total = sum(pod.spec.containers.map(amountsOf))
  let starting: ResourceAmounts = new Map()
  let sidecars: ResourceAmounts = new Map()
  for (const container of initContainersOf(pod)) {
    if (isSidecar(container)) {
      sidecars = sum([sidecars, amountsOf(container)])
      starting = largest(starting, sidecars)
    } else starting = largest(starting, sum([sidecars, amountsOf(container)]))
  }
  total = largest(sum([total, sidecars]), starting)
  const podLevel = parse(pod.spec.resources?.[which])
  total = new Map([...total, ...podLevel])
  const overhead = parse(pod.spec.overhead)
  return which === 'requests' || total.size > 0 ? sum([total, overhead]) : total
}

export function parse(list: Readonly<Record<string, string>> | undefined): ResourceAmounts {
  return new Map(Object.entries(list ?? {}).map(([name, text]) => [name, Quantity.parse(text)]))
}

export function sum(lists: readonly ResourceAmounts[]): ResourceAmounts {
  const total = new Map<string, Quantity>()
  for (const list of lists)
    for (const [name, quantity] of list) {
      const before = total.get(name)
      total.set(name, before ? before.add(quantity) : quantity)
    }
  return total
}

function largest(a: ResourceAmounts, b: ResourceAmounts): ResourceAmounts {
  const result = new Map(a)
  for (const [name, quantity] of b) {
    const other = result.get(name)
    if (!other || other.compare(quantity) < 0) result.set(name, quantity)
  }
  return result
}
