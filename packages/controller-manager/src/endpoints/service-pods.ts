import { deepEqual, isPodTerminal, objectKey, selectorOfMap } from '@kemu/api'
import type { ObjectReference, Pod, Service, ServicePort } from '@kemu/api'
import type { Informer } from '@kemu/client'
import { podCondition, podReady } from '@kemu/controller-runtime'

/** Services that the controllers keep endpoints for; one without a selector is its owner's own affair. */
export function selectsPods(service: Service): boolean {
  return service.spec.selector !== undefined && service.spec.type !== 'ExternalName'
}

export function podsOf(service: Service, pods: Informer<Pod>): Pod[] {
  const selector = selectorOfMap(service.spec.selector)
  return pods.lister
    .inNamespace(service.metadata.namespace ?? '')
    .filter((pod) => selector.matches(pod.metadata.labels))
}

/** Whether the pod stands in endpoints at all (ShouldPodBeInEndpoints). */
export function servesAddresses(pod: Pod, includeTerminating: boolean): boolean {
  if (isPodTerminal(pod) || podAddresses(pod).length === 0) return false
  return includeTerminating || pod.metadata.deletionTimestamp === undefined
}

export function podAddresses({ status }: Pod): string[] {
  if (status?.podIPs && status.podIPs.length > 0) return status.podIPs.map(({ ip }) => ip)
  return status?.podIP ? [status.podIP] : []
}

/** The container port behind a service port; undefined when the pod has none of that name (FindPort). */
export function targetPort(pod: Pod, port: ServicePort): number | undefined {
  const target = port.targetPort ?? port.port
  if (typeof target === 'number') return target === 0 ? port.port : target
  if (/^\d+$/.test(target)) return Number(target)
  const sidecars = (pod.spec.initContainers ?? []).filter((c) => c.restartPolicy === 'Always')
  for (const container of [...pod.spec.containers, ...sidecars])
    for (const { name, protocol, containerPort } of container.ports ?? [])
      if (name === target && (protocol ?? 'TCP') === (port.protocol ?? 'TCP')) return containerPort
  return undefined
}

/** A pod's own name within the service: only when it asks for it with hostname and subdomain. */
export function hostnameIn(service: Service, { spec, metadata }: Pod): string | undefined {
  const own = spec.hostname && spec.subdomain === service.metadata.name
  return own && metadata.namespace === service.metadata.namespace ? spec.hostname : undefined
}

export function referenceToPod({ metadata }: Pod): ObjectReference {
  const { namespace, name, uid } = metadata
  return { kind: 'Pod', ...(namespace && { namespace }), name, uid }
}

/** Calls back for each service that a pod belongs or belonged to, when something changed that endpoints show. */
export function onServicePods(
  pods: Informer<Pod>,
  services: Informer<Service>,
  enqueue: (serviceKey: string) => void,
): void {
  const tell = (pod: Pod, old?: Pod): void => {
    for (const service of services.lister.inNamespace(pod.metadata.namespace ?? '')) {
      if (!selectsPods(service)) continue
      const selector = selectorOfMap(service.spec.selector)
      const concerns =
        selector.matches(pod.metadata.labels) || (old && selector.matches(old.metadata.labels))
      if (concerns) enqueue(objectKey(service))
    }
  }
  pods.addHandler({
    add: (pod) => tell(pod),
    update: (old, pod) => {
      if (shownDiffers(old, pod)) tell(pod, old)
    },
    remove: (pod) => tell(pod),
  })
}

function shownDiffers(old: Pod, pod: Pod): boolean {
  return (
    podReady(old) !== podReady(pod) ||
    isPodTerminal(old) !== isPodTerminal(pod) ||
    old.metadata.deletionTimestamp !== pod.metadata.deletionTimestamp ||
    old.spec.nodeName !== pod.spec.nodeName ||
    !deepEqual(podAddresses(old), podAddresses(pod)) ||
    !deepEqual(old.metadata.labels, pod.metadata.labels)
  )
}

/** Headless: the service has no address of its own. */
export function isHeadless({ spec }: Service): boolean {
  return spec.clusterIP === 'None' || spec.clusterIP === undefined || spec.clusterIP === ''
}

/** When the pod last became ready or not, as its status tells. */
export function readyChangedAt(pod: Pod): string | undefined {
  return podCondition(pod, 'Ready')?.lastTransitionTime
}
