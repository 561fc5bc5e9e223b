import type { Container, Pod } from '../generated/types.ts'
import { Quantity } from '../quantity.ts'
import { isSidecar } from './containers.ts'

export type Quantities = Map<string, Quantity>

type Which = 'requests' | 'limits'

/**
 * What the containers of a pod need together, without what is stated for the pod as a whole: the larger
 * of the running time (containers and sidecars) and of the dearest moment of starting
 * (component-helpers/resource AggregateContainerRequests; KEP-753).
 */
export function aggregateContainers(pod: Pod, which: Which): Quantities {
  const running: Quantities = new Map()
  for (const container of pod.spec.containers ?? []) addTo(running, quantitiesOf(container, which))
  const peak: Quantities = new Map()
  const sidecars: Quantities = new Map()
  for (const container of pod.spec.initContainers ?? []) {
    const own = quantitiesOf(container, which)
    if (isSidecar(container)) {
      addTo(running, own)
      addTo(sidecars, own)
      raiseTo(peak, sidecars)
    } else {
      const moment = new Map(sidecars)
      addTo(moment, own)
      raiseTo(peak, moment)
    }
  }
  raiseTo(running, peak)
  return running
}

function quantitiesOf(container: Container, which: Which): Quantities {
  const entries = Object.entries(container.resources?.[which] ?? {})
  return new Map(entries.map(([name, text]) => [name, Quantity.parse(text)]))
}

function addTo(total: Quantities, more: Quantities): void {
  for (const [name, quantity] of more) total.set(name, total.get(name)?.add(quantity) ?? quantity)
}

function raiseTo(total: Quantities, other: Quantities): void {
  for (const [name, quantity] of other) {
    const present = total.get(name)
    if (!present || present.compare(quantity) < 0) total.set(name, quantity)
  }
}
