import { controllerReference, deepEqual } from '@kemu/api'
import type { DiscoveryEndpointPort, Draft, Endpoint, EndpointSlice, KubeObject } from '@kemu/api'
import { sortedJson } from '../pods/pod-template-hash.ts'

export const serviceNameLabel = 'kubernetes.io/service-name'
export const managedByLabel = 'endpointslice.kubernetes.io/managed-by'
export const headlessLabel = 'service.kubernetes.io/headless'

/** --max-endpoints-per-slice. */
const endpointsMax = 100

export type AddressType = 'IPv4' | 'IPv6'

/** Endpoints that share their ports. */
export interface EndpointGroup {
  readonly ports: readonly DiscoveryEndpointPort[]
  readonly endpoints: readonly Endpoint[]
}

export interface SliceInput {
  /** Who owns the slices: the Service, or the Endpoints object that is mirrored. */
  readonly owner: KubeObject
  readonly serviceName: string
  readonly managedBy: string
  readonly addressType: AddressType
  readonly labels: Readonly<Record<string, string>>
  readonly annotations: Readonly<Record<string, string>>
  readonly groups: readonly EndpointGroup[]
  /** The owner's slices of that address type. */
  readonly existing: readonly EndpointSlice[]
  /** Keep one empty slice when there is nothing to show; mirrored slices do without. */
  readonly placeholder: boolean
}

export interface SlicePlan {
  readonly creates: readonly Draft<EndpointSlice>[]
  readonly updates: readonly EndpointSlice[]
  readonly deletes: readonly EndpointSlice[]
}

/**
 * The fewest writes that make the slices show the endpoints: each stays in its slice, new ones fill slices that change
 * anyhow or have room, and slices with nothing left go (endpointslice reconciler).
 */
export function planSlices(input: SliceInput): SlicePlan {
  const plan = {
    creates: [] as Draft<EndpointSlice>[],
    updates: [] as EndpointSlice[],
    deletes: [] as EndpointSlice[],
  }
  const left = new Set(input.existing)
  const groups = input.groups.filter((group) => group.endpoints.length > 0)
  for (const group of groups) planGroup(input, group, left, plan)
  if (groups.length === 0 && input.placeholder) planPlaceholder(input, left, plan)
  plan.deletes.push(...left)
  recycle(input, plan)
  return plan
}

type MutablePlan = {
  creates: Draft<EndpointSlice>[]
  updates: EndpointSlice[]
  deletes: EndpointSlice[]
}

function planGroup(
  input: SliceInput,
  group: EndpointGroup,
  left: Set<EndpointSlice>,
  plan: MutablePlan,
): void {
  const wanted = new Map(group.endpoints.map((endpoint) => [identity(endpoint), endpoint]))
  const ports = portsKey(group.ports)
  const kept: { slice: EndpointSlice; endpoints: Endpoint[] }[] = []
  for (const slice of input.existing) {
    if (!left.has(slice) || portsKey(slice.ports ?? []) !== ports) continue
    left.delete(slice)
    const endpoints = (slice.endpoints ?? []).flatMap((old) => {
      const endpoint = wanted.get(identity(old))
      wanted.delete(identity(old))
      return endpoint ? [endpoint] : []
    })
    kept.push({ slice, endpoints })
  }
  const added = [...wanted.values()]
  // Fullest first, so that half-empty slices run dry.
  kept.sort((a, b) => b.endpoints.length - a.endpoints.length)
  for (const { endpoints } of kept)
    endpoints.push(...added.splice(0, Math.max(0, endpointsMax - endpoints.length)))
  for (const { slice, endpoints } of kept) {
    if (endpoints.length === 0) plan.deletes.push(slice)
    else updateWhenChanged(input, slice, endpoints, group.ports, plan)
  }
  while (added.length > 0)
    plan.creates.push(newSlice(input, added.splice(0, endpointsMax), group.ports))
}

function planPlaceholder(input: SliceInput, left: Set<EndpointSlice>, plan: MutablePlan): void {
  const [first] = left
  if (!first) {
    plan.creates.push(newSlice(input, [], []))
    return
  }
  left.delete(first)
  updateWhenChanged(input, first, [], [], plan)
}

function updateWhenChanged(
  input: SliceInput,
  slice: EndpointSlice,
  endpoints: Endpoint[],
  ports: readonly DiscoveryEndpointPort[],
  plan: MutablePlan,
): void {
  const labels = sliceLabels(input)
  const same =
    deepEqual(slice.endpoints ?? [], endpoints) &&
    portsKey(slice.ports ?? []) === portsKey(ports) &&
    deepEqual(slice.metadata.labels ?? {}, labels)
  if (same) return
  plan.updates.push({
    ...slice,
    metadata: { ...slice.metadata, labels, annotations: { ...input.annotations } },
    endpoints,
    ports: [...ports],
  })
}

/**
 * A slice that would go takes what a new one would hold, the placeholder the first endpoints (finalize). One that an
 * earlier owner of that name left is the garbage collector's.
 */
function recycle({ owner, annotations }: SliceInput, plan: MutablePlan): void {
  const isOwned = ({ metadata }: EndpointSlice): boolean =>
    metadata.ownerReferences?.some(({ uid }) => uid === owner.metadata.uid) ?? false
  const { creates, updates } = plan
  plan.deletes = plan.deletes.filter((slice) => {
    if (creates.length === 0 || !isOwned(slice)) return true
    const { metadata, endpoints, ports } = creates.pop()!
    const { labels = {} } = metadata
    updates.push({
      ...slice,
      metadata: { ...slice.metadata, labels, annotations: { ...annotations } },
      endpoints,
      ports,
    })
    return false
  })
}

function newSlice(
  input: SliceInput,
  endpoints: Endpoint[],
  ports: readonly DiscoveryEndpointPort[],
): Draft<EndpointSlice> {
  return {
    apiVersion: 'discovery.k8s.io/v1',
    kind: 'EndpointSlice',
    metadata: {
      generateName: `${input.serviceName}-`,
      namespace: input.owner.metadata.namespace ?? '',
      labels: sliceLabels(input),
      ...(Object.keys(input.annotations).length > 0 && { annotations: { ...input.annotations } }),
      ownerReferences: [controllerReference(input.owner)],
    },
    addressType: input.addressType,
    endpoints,
    ports: [...ports],
  }
}

function sliceLabels({ labels, serviceName, managedBy }: SliceInput): Record<string, string> {
  return { ...labels, [serviceNameLabel]: serviceName, [managedByLabel]: managedBy }
}

function portsKey(ports: readonly DiscoveryEndpointPort[]): string {
  return ports
    .map((port) => sortedJson({ ...port, name: port.name ?? '' }))
    .sort()
    .join()
}

/** What makes two endpoints the same one: the pod, or the address when there is none. */
function identity({ targetRef, addresses }: Endpoint): string {
  return targetRef?.uid ? `${targetRef.uid} ${addresses.join()}` : addresses.join()
}
