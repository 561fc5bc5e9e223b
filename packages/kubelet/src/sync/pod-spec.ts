// Questions about a pod's spec that several parts ask. Upstream counterparts: pkg/api/v1/pod,
// kubelet/container/helpers.
import type { Container, ObjectReference, Pod, PodSpec } from '@kemu/api'

export type ContainerKind = 'init' | 'regular' | 'ephemeral'

/** A sidecar: an init container that is kept running beside the regular ones. */
export function isSidecar(container: Container): boolean {
  return container.restartPolicy === 'Always'
}

export function initContainersOf(pod: Pod): readonly Container[] {
  return pod.spec.initContainers ?? []
}

/** Ephemeral containers have the fields of a container, their target apart. */
export function ephemeralContainersOf(pod: Pod): readonly Container[] {
  return pod.spec.ephemeralContainers ?? []
}

export function allContainers(pod: Pod): Container[] {
  return [...initContainersOf(pod), ...pod.spec.containers, ...ephemeralContainersOf(pod)]
}

export function containerSpec(pod: Pod, name: string): Container | undefined {
  return allContainers(pod).find((container) => container.name === name)
}

export function kindOf(pod: Pod, name: string): ContainerKind {
  if (initContainersOf(pod).some((c) => c.name === name)) return 'init'
  return ephemeralContainersOf(pod).some((c) => c.name === name) ? 'ephemeral' : 'regular'
}

/** `name_namespace(uid)`: how messages and events call a pod (kubelet/util/format). */
export function podText(pod: Pod): string {
  const { name, namespace, uid } = pod.metadata
  return `${name}_${namespace}(${uid})`
}

/** `name_namespace`: what a static pod and its mirror have in common. */
export function fullName(pod: Pod): string {
  return `${pod.metadata.name}_${pod.metadata.namespace}`
}

/** What events about a container involve. */
export function containerReference(pod: Pod, containerName: string): ObjectReference {
  const lists = { init: 'initContainers', regular: 'containers', ephemeral: 'ephemeralContainers' }
  const list = lists[kindOf(pod, containerName)]
  return { ...podReference(pod), fieldPath: `spec.${list}{${containerName}}` }
}

export function podReference(pod: Pod): ObjectReference {
  const { name, namespace, uid, resourceVersion } = pod.metadata
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    name,
    uid,
    ...(namespace !== undefined && { namespace }),
    ...(resourceVersion !== undefined && { resourceVersion }),
  }
}

/**
 * May a container that ended with this code be started again? Its own policy and rules come before
 * the pod's (ContainerShouldRestart, KEP-5307).
 */
export function shouldRestart(container: Container, spec: PodSpec, exitCode: number): boolean {
  const { restartPolicy, restartPolicyRules = [] } = container
  if (restartPolicy !== undefined) {
    const rule = restartPolicyRules.find(({ exitCodes }) => {
      if (!exitCodes) return false
      const listed = (exitCodes.values ?? []).includes(exitCode)
      return exitCodes.operator === 'In' ? listed : !listed
    })
    if (rule) return true
  }
  switch (restartPolicy ?? spec.restartPolicy) {
    case 'Never':
      return false
    case 'OnFailure':
      return exitCode !== 0
    default:
      return true
  }
}

/** Ended for good: nothing of the pod will run again. */
export function isTerminal(phase: string | undefined): boolean {
  return phase === 'Succeeded' || phase === 'Failed'
}
