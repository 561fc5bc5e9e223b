import type { ContainerUser } from '@kemu/api'
import type {
  ContainerResources,
  ContainerStatus as CriContainerStatus,
  PodSandboxStatus,
} from '@kemu/rpc/cri'
import {
  containerNameLabel,
  podNameLabel,
  podNamespaceLabel,
  podUidLabel,
  readContainerNotes,
} from './cri-labels.ts'
import type { ContainerNotes } from './cri-labels.ts'

export type ContainerState = 'created' | 'running' | 'exited' | 'unknown'

/**
 * One container as the runtime knows it. Times are milliseconds since 1970, 0 when they do not
 * apply.
 */
export interface ObservedContainer {
  /** The runtime's id, without its scheme. */
  readonly id: string
  readonly name: string
  /** Whose it is, by its labels. */
  readonly pod: PodIdentity
  readonly sandboxId: string
  readonly state: ContainerState
  readonly createdAtMs: number
  readonly startedAtMs: number
  readonly finishedAtMs: number
  readonly exitCode: number
  readonly reason: string
  readonly message: string
  readonly image: string
  readonly imageRef: string
  readonly logPath: string
  readonly notes: ContainerNotes
  readonly resources: ContainerResources | undefined
  readonly user: ContainerUser | undefined
  readonly stopSignal: string | undefined
  /** Host path of the file that holds the termination message; '' when none is mounted. */
  readonly messageFile: string
}

export interface ObservedSandbox {
  readonly id: string
  readonly attempt: number
  readonly ready: boolean
  readonly createdAtMs: number
  readonly hostNetwork: boolean
  /** Empty for pods in the host's network. */
  readonly ips: readonly string[]
}

/** Everything that the runtime holds of one pod at one moment. */
export interface ObservedPod {
  readonly uid: string
  readonly name: string
  readonly namespace: string
  /** Of the newest sandbox, when it is ready. */
  readonly ips: readonly string[]
  /** Newest first. */
  readonly sandboxes: readonly ObservedSandbox[]
  /** Newest first; several of one name are its successive starts. */
  readonly containers: readonly ObservedContainer[]
}

export function emptyPod(uid: string, name: string, namespace: string): ObservedPod {
  return { uid, name, namespace, ips: [], sandboxes: [], containers: [] }
}

/** The latest start of a container. */
export function findContainer(pod: ObservedPod, name: string): ObservedContainer | undefined {
  return pod.containers.find((container) => container.name === name)
}

export function hasRunningContainers(pod: ObservedPod): boolean {
  return pod.containers.some((container) => container.state === 'running')
}

/** CRI counts nanoseconds; a double keeps them to a quarter of a microsecond. */
function nanosToMs(nanos: string): number {
  return Number(nanos) / 1e6
}

export function observeSandbox(status: PodSandboxStatus): ObservedSandbox {
  const ips = [
    status.network?.ip ?? '',
    ...(status.network?.additionalIps ?? []).map(({ ip }) => ip),
  ]
  return {
    id: status.id,
    attempt: status.metadata?.attempt ?? 0,
    ready: status.state === 'SANDBOX_READY',
    createdAtMs: nanosToMs(status.createdAt),
    hostNetwork: status.linux?.namespaces?.options?.network === 'NODE',
    ips: ips.filter((ip) => ip !== ''),
  }
}

const states: Record<CriContainerStatus['state'], ContainerState> = {
  CONTAINER_CREATED: 'created',
  CONTAINER_RUNNING: 'running',
  CONTAINER_EXITED: 'exited',
  CONTAINER_UNKNOWN: 'unknown',
}

export function observeContainer(status: CriContainerStatus, sandboxId: string): ObservedContainer {
  const notes = readContainerNotes(status.annotations)
  const state = states[status.state]
  const exited = state === 'exited'
  const messageMount = status.mounts.find(
    (mount) => mount.containerPath === notes.terminationMessagePath && mount.containerPath !== '',
  )
  return {
    id: status.id,
    name: status.labels[containerNameLabel] ?? status.metadata?.name ?? '',
    pod: identityOf(status.labels) ?? { uid: '', name: '', namespace: '' },
    sandboxId,
    state,
    createdAtMs: nanosToMs(status.createdAt),
    startedAtMs: state === 'created' ? 0 : nanosToMs(status.startedAt),
    finishedAtMs: exited ? nanosToMs(status.finishedAt) : 0,
    exitCode: exited ? status.exitCode : 0,
    reason: exited ? status.reason : '',
    message: exited ? status.message : '',
    image: status.image?.image ?? '',
    imageRef: status.imageRef,
    logPath: status.logPath,
    notes,
    resources: status.resources ?? undefined,
    user: observeUser(status),
    stopSignal: status.stopSignal === 'RUNTIME_DEFAULT' ? undefined : status.stopSignal,
    messageFile: messageMount?.hostPath ?? '',
  }
}

function observeUser(status: CriContainerStatus): ContainerUser | undefined {
  const linux = status.user?.linux
  if (!linux) return undefined
  return {
    linux: {
      uid: Number(linux.uid),
      gid: Number(linux.gid),
      supplementalGroups: linux.supplementalGroups.map(Number),
    },
  }
}

/** Puts the pieces of one pod in order: newest sandbox and newest container first. */
export function assemblePod(
  uid: string,
  name: string,
  namespace: string,
  sandboxes: readonly ObservedSandbox[],
  containers: readonly ObservedContainer[],
): ObservedPod {
  const ordered = [...sandboxes].sort(
    (a, b) => b.attempt - a.attempt || b.createdAtMs - a.createdAtMs || (a.id < b.id ? -1 : 1),
  )
  const newest = ordered[0]
  return {
    uid,
    name,
    namespace,
    ips: newest?.ready ? newest.ips : [],
    sandboxes: ordered,
    containers: [...containers].sort(
      (a, b) => b.createdAtMs - a.createdAtMs || (a.id < b.id ? -1 : 1),
    ),
  }
}

export interface PodIdentity {
  readonly uid: string
  readonly name: string
  readonly namespace: string
}

/** Whose sandbox or container it is, by its labels; undefined for one that no kubelet made. */
export function identityOf(labels: Record<string, string>): PodIdentity | undefined {
  const uid = labels[podUidLabel]
  if (!uid) return undefined
  return { uid, name: labels[podNameLabel] ?? '', namespace: labels[podNamespaceLabel] ?? '' }
}
