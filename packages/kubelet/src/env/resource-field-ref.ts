import { Quantity } from '@kemu/api'
import type { Container, Pod, ResourceFieldSelector } from '@kemu/api'
import { allContainers } from '../sync/pod-spec.ts'

/** Amounts of the node that stand in for limits a container leaves open. */
export type NodeAllocatable = Readonly<Record<string, string>>

/**
 * What a container's resource amounts to in units of the divisor, rounded up. Throws when there is
 * no such resource.
 */
export function resourceValue(
  selector: ResourceFieldSelector,
  container: Container,
  allocatable: NodeAllocatable,
): string {
  const [kind, ...rest] = selector.resource.split('.')
  const resource = rest.join('.')
  const known = ['cpu', 'memory', 'ephemeral-storage'].includes(resource)
  if ((kind !== 'limits' && kind !== 'requests') || (!known && !resource.startsWith('hugepages-')))
    throw new Error(`unsupported container resource : ${selector.resource}`)
  const amount = container.resources?.[kind]?.[resource]
  const unlimited = kind === 'limits' && (!amount || Quantity.parse(amount).nanos === 0n)
  const value = Quantity.parse((unlimited ? allocatable[resource] : amount) ?? '0')
  const divisor = Quantity.parse(selector.divisor ?? '0')
  const by = divisor.nanos === 0n ? Quantity.parse('1') : divisor
  return resource === 'cpu'
    ? String(Math.ceil(value.millis / by.millis))
    : String(Math.ceil(value.units / by.units))
}

export function namedContainer(pod: Pod, name: string): Container {
  const container = allContainers(pod).find((c) => c.name === name)
  if (!container) throw new Error(`container ${name} not found`)
  return container
}
