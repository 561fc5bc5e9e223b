import type { Container, Pod } from '../../generated/types.ts'
import { aggregateContainers } from '../../pod/resource-amounts.ts'

/** A request that is not stated equals the limit; in pods only, not in templates. */
export function defaultRequestsToLimits({ resources }: Container): void {
  if (!resources?.limits) return
  resources.requests = { ...resources.limits, ...resources.requests }
}

/**
 * Resources of the pod as a whole, where they are stated in part (KEP-2837: defaultPodRequests,
 * defaultHugePagePodLimits).
 */
export function defaultPodResources(pod: Pod): void {
  const { resources } = pod.spec
  if (!resources) return
  defaultHugePageLimits(pod, resources)
  if (Object.keys(resources.limits ?? {}).length === 0) return
  const requests = { ...resources.requests }
  for (const [name, quantity] of aggregateContainers(pod, 'requests')) {
    if (isPodLevel(name) && !isHugePage(name)) requests[name] ??= quantity.toString()
  }
  for (const [name, limit] of Object.entries(resources.limits ?? {})) {
    if (isPodLevel(name)) requests[name] ??= limit
  }
  if (Object.keys(requests).length > 0) resources.requests = requests
}

function defaultHugePageLimits(pod: Pod, resources: NonNullable<Pod['spec']['resources']>): void {
  const stated = { ...resources.limits, ...resources.requests }
  if (Object.keys(stated).length === 0) return
  const limits = { ...resources.limits }
  for (const [name, quantity] of aggregateContainers(pod, 'limits')) {
    if (isHugePage(name) && resources.requests?.[name] === undefined)
      limits[name] ??= quantity.toString()
  }
  if (Object.keys(limits).length > 0) resources.limits = limits
}

function isHugePage(name: string): boolean {
  return name.startsWith('hugepages-')
}

/** component-helpers/resource supportedPodLevelResources */
export function isPodLevel(name: string): boolean {
  return name === 'cpu' || name === 'memory' || isHugePage(name)
}
