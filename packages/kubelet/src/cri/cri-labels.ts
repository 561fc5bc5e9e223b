import type { Container, ContainerPort, LifecycleHandler, Pod } from '@kemu/api'

/** Labels by which sandboxes and containers are found again (k8s.io/kubelet/pkg/types). */
export const podNameLabel = 'io.kubernetes.pod.name'
export const podNamespaceLabel = 'io.kubernetes.pod.namespace'
export const podUidLabel = 'io.kubernetes.pod.uid'
export const containerNameLabel = 'io.kubernetes.container.name'

const hashAnnotation = 'io.kubernetes.container.hash'
const restartCountAnnotation = 'io.kubernetes.container.restartCount'
const messagePathAnnotation = 'io.kubernetes.container.terminationMessagePath'
const messagePolicyAnnotation = 'io.kubernetes.container.terminationMessagePolicy'
const preStopAnnotation = 'io.kubernetes.container.preStopHandler'
const portsAnnotation = 'io.kubernetes.container.ports'
const deletionGraceAnnotation = 'io.kubernetes.pod.deletionGracePeriod'
const terminationGraceAnnotation = 'io.kubernetes.pod.terminationGracePeriod'

type Labels = Record<string, string>

export function sandboxLabels(pod: Pod): Labels {
  return { ...pod.metadata.labels, ...podLabels(pod) }
}

function podLabels(pod: Pod): Labels {
  return {
    [podNameLabel]: pod.metadata.name,
    [podNamespaceLabel]: pod.metadata.namespace ?? '',
    [podUidLabel]: pod.metadata.uid,
  }
}

export function containerLabels(pod: Pod, container: Container): Labels {
  return { ...podLabels(pod), [containerNameLabel]: container.name }
}

/** What a kubelet must know of a container when its pod is gone from the API. */
export function containerAnnotations(
  pod: Pod,
  container: Container,
  restartCount: number,
  hash: string,
): Labels {
  const { deletionGracePeriodSeconds: deletionGrace } = pod.metadata
  const { terminationGracePeriodSeconds: terminationGrace } = pod.spec
  const preStop = container.lifecycle?.preStop
  return {
    [hashAnnotation]: hash,
    [restartCountAnnotation]: String(restartCount),
    [messagePathAnnotation]: container.terminationMessagePath ?? '',
    [messagePolicyAnnotation]: container.terminationMessagePolicy ?? '',
    ...(deletionGrace !== undefined && { [deletionGraceAnnotation]: String(deletionGrace) }),
    ...(terminationGrace !== undefined && {
      [terminationGraceAnnotation]: String(terminationGrace),
    }),
    ...(preStop && { [preStopAnnotation]: JSON.stringify(preStop) }),
    ...(container.ports?.length && { [portsAnnotation]: JSON.stringify(container.ports) }),
  }
}

export interface ContainerNotes {
  readonly hash: string
  readonly restartCount: number
  readonly terminationMessagePath: string
  readonly terminationMessagePolicy: string
  readonly preStop: LifecycleHandler | undefined
  readonly ports: readonly ContainerPort[]
  readonly deletionGraceSeconds: number | undefined
  readonly terminationGraceSeconds: number | undefined
}

/**
 * Reads the annotations back; what is missing or broken counts as absent (a container of another
 * kubelet).
 */
export function readContainerNotes(annotations: Labels): ContainerNotes {
  return {
    hash: annotations[hashAnnotation] ?? '',
    restartCount: integer(annotations[restartCountAnnotation]) ?? 0,
    terminationMessagePath: annotations[messagePathAnnotation] ?? '',
    terminationMessagePolicy: annotations[messagePolicyAnnotation] ?? '',
    preStop: json(annotations[preStopAnnotation]) as LifecycleHandler | undefined,
    ports: (json(annotations[portsAnnotation]) as ContainerPort[] | undefined) ?? [],
    deletionGraceSeconds: integer(annotations[deletionGraceAnnotation]),
    terminationGraceSeconds: integer(annotations[terminationGraceAnnotation]),
  }
}

function integer(text: string | undefined): number | undefined {
  return text !== undefined && /^-?\d+$/.test(text) ? Number(text) : undefined
}

function json(text: string | undefined): unknown {
  if (text === undefined) return undefined
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
