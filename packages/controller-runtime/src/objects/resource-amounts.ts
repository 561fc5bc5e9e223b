import { Quantity } from '@kemu/api'
import type { Container, Pod, ResourceRequirements } from '@kemu/api'

/** Amounts by resource name in the scheduler's units: cpu in thousandths, everything else whole. */
export type Amounts = Map<string, number>

type QuantityMap = Readonly<Record<string, string>> | undefined

/** Templates repeat the same few texts; parsing exact quantities is dear at thousands of pods a second. */
const parsed = new Map<string, number>()

function amountOf(resource: string, text: string | number): number {
  const key = `${resource === 'cpu' ? 'm' : 'u'}${text}`
  let amount = parsed.get(key)
  if (amount === undefined) {
    const quantity = Quantity.parse(text)
    amount = resource === 'cpu' ? quantity.millis : quantity.units
    if (parsed.size > 4096) parsed.clear()
    parsed.set(key, amount)
  }
  return amount
}

export function amountsOf(quantities: QuantityMap): Amounts {
  const amounts: Amounts = new Map()
  for (const [name, text] of Object.entries(quantities ?? {}))
    amounts.set(name, amountOf(name, text))
  return amounts
}

export function addAmounts(into: Amounts, more: Amounts, sign: 1 | -1 = 1): void {
  for (const [name, amount] of more) into.set(name, (into.get(name) ?? 0) + sign * amount)
}

function maxAmounts(into: Amounts, other: Amounts): void {
  for (const [name, amount] of other) into.set(name, Math.max(into.get(name) ?? 0, amount))
}

/** What a container that asks for nothing is taken to use where balance is scored (scheduler util/pod_resources). */
const assumedRequests = { cpu: 100, memory: 200 * 1024 * 1024 } as const

type RequestsOf = (container: Container) => Amounts

/**
 * The pod's requests: the sum of its containers and sidecars, or the largest moment of its init containers, plus
 * overhead (component-helpers/resource PodRequests; KEP-753 sidecars, KEP-2837 pod-level resources).
 */
export function podRequests(pod: Pod): Amounts {
  return aggregate(pod, (container) => amountsOf(container.resources?.requests))
}

/** The same, with `assumedRequests` for containers that state no cpu or memory. */
export function podAssumedRequests(pod: Pod): Amounts {
  return aggregate(pod, (container) => {
    const amounts = amountsOf(container.resources?.requests)
    for (const [name, amount] of Object.entries(assumedRequests)) {
      if (!amounts.has(name)) amounts.set(name, amount)
    }
    return amounts
  })
}

function aggregate(pod: Pod, requestsOf: RequestsOf): Amounts {
  const total: Amounts = new Map()
  for (const container of pod.spec.containers) addAmounts(total, requestsOf(container))
  const initPeak: Amounts = new Map()
  const sidecars: Amounts = new Map()
  for (const container of pod.spec.initContainers ?? []) {
    const own = requestsOf(container)
    if (container.restartPolicy === 'Always') {
      addAmounts(total, own)
      addAmounts(sidecars, own)
      maxAmounts(initPeak, sidecars)
    } else {
      const moment = new Map(sidecars)
      addAmounts(moment, own)
      maxAmounts(initPeak, moment)
    }
  }
  maxAmounts(total, initPeak)
  const { resources } = pod.spec as { resources?: ResourceRequirements }
  for (const [name, amount] of amountsOf(resources?.requests)) total.set(name, amount)
  addAmounts(total, amountsOf(pod.spec.overhead))
  return total
}
