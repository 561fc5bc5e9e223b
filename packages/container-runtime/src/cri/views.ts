import type { Message } from '@kemu/rpc'
import type {
  Container,
  ContainerState,
  ContainerStatus,
  KeyValue,
  LinuxContainerUser,
  PodSandbox,
  PodSandboxState,
  PodSandboxStatus,
} from '@kemu/rpc/cri'
import type { StoredImage } from '../images/image-store.ts'
import type { ContainerRecord, RecordedUser, SandboxRecord } from '../store/records.ts'
import { namespacesOf } from '../store/records.ts'

export function sandboxState(record: SandboxRecord): PodSandboxState {
  return record.phase === 'ready' ? 'SANDBOX_READY' : 'SANDBOX_NOTREADY'
}

export function viewSandbox(record: SandboxRecord): Message<PodSandbox> {
  const { id, config, createdAtNs, runtimeHandler } = record
  return {
    id,
    metadata: config.metadata,
    state: sandboxState(record),
    createdAt: createdAtNs,
    labels: config.labels,
    annotations: config.annotations,
    runtimeHandler,
  }
}

/** A pod on the node's network has no address of its own here: the kubelet knows the node's (as containerd). */
export function viewSandboxStatus(record: SandboxRecord): Message<PodSandboxStatus> {
  const { config, address, additionalAddresses = [] } = record
  const hasAddress = record.phase === 'ready' && !namespacesOf(config).hostNetwork
  return {
    ...viewSandbox(record),
    network: {
      ip: hasAddress ? (address ?? '') : '',
      additionalIps: hasAddress ? additionalAddresses.map((ip) => ({ ip })) : [],
    },
    linux: {
      namespaces: { options: config.linux?.securityContext?.namespaceOptions ?? null },
    },
  }
}

export function containerState(record: ContainerRecord): ContainerState {
  switch (record.phase) {
    case 'creating':
    case 'created':
    case 'starting':
      return 'CONTAINER_CREATED'
    case 'running':
      return 'CONTAINER_RUNNING'
    case 'exited':
      return 'CONTAINER_EXITED'
  }
}

export function viewContainer(record: ContainerRecord): Message<Container> {
  const { id, sandboxId, config, imageId, createdAtNs } = record
  return {
    id,
    podSandboxId: sandboxId,
    metadata: config.metadata,
    image: config.image,
    imageRef: imageId,
    imageId,
    state: containerState(record),
    createdAt: createdAtNs,
    labels: config.labels,
    annotations: config.annotations,
  }
}

/** `Completed` and `Error` where the handler gave no reason of its own. */
function exitReason(record: ContainerRecord): string {
  if (containerState(record) !== 'CONTAINER_EXITED' || record.reason !== '') return record.reason
  return record.exitCode === 0 ? 'Completed' : 'Error'
}

/** The image is named by its first tag and referred to by its first digest, when it still has them. */
export function viewContainerStatus(
  record: ContainerRecord,
  image: StoredImage | undefined,
): Message<ContainerStatus> {
  const { config, resources } = record
  const state = containerState(record)
  const hasStarted = state !== 'CONTAINER_CREATED'
  const name = image?.repoTags[0] ?? image?.repoDigests[0]
  return {
    id: record.id,
    metadata: config.metadata,
    state,
    createdAt: record.createdAtNs,
    startedAt: hasStarted ? record.startedAtNs : '0',
    finishedAt: state === 'CONTAINER_EXITED' ? record.finishedAtNs : '0',
    exitCode: record.exitCode,
    image: { ...config.image, image: name ?? config.image?.image ?? '' },
    imageRef: image?.repoDigests[0] ?? record.imageId,
    imageId: record.imageId,
    reason: exitReason(record),
    message: record.message,
    labels: config.labels,
    annotations: config.annotations,
    mounts: config.mounts,
    logPath: record.logPath ?? '',
    resources: resources ? { linux: resources } : null,
    stopSignal: config.stopSignal,
    user: record.user ? { linux: viewUser(record.user) } : null,
  }
}

function viewUser({ uid, gid, groups }: RecordedUser): Message<LinuxContainerUser> {
  return { uid: String(uid), gid: String(gid), supplementalGroups: groups.map(String) }
}

/** A variable as verbose statuses show it: CRI carries values as bytes. */
export function viewVariable({ key, value }: KeyValue): { key: string; value: string } {
  return { key, value: Buffer.from(value).toString() }
}
