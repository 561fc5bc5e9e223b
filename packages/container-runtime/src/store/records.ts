import type { ContainerConfig, LinuxContainerResources, PodSandboxConfig } from '@kemu/rpc/cri'

/**
 * `creating` and `removing` are seen by nobody but a restarted runtime, which undoes the first and completes the second.
 * A container is removed with its directory in one step, and what is not `created` yet has no record.
 */
export type SandboxPhase = 'creating' | 'ready' | 'notready' | 'removing'

/** What is remembered of a pod sandbox; one JSON file each. Times are nanoseconds since 1970, as text. */
export interface SandboxRecord {
  readonly id: string
  readonly config: PodSandboxConfig
  readonly runtimeHandler: string
  readonly createdAtNs: string
  phase: SandboxPhase
  /** The pod's address; undefined on the node's network. */
  address: string | undefined
  /** Of other families, or further ones that its network gave. */
  additionalAddresses?: readonly string[]
}

export type ContainerPhase = 'creating' | 'created' | 'starting' | 'running' | 'exited'

/** The ids that a container's first process starts with. */
export interface RecordedUser {
  readonly uid: number
  readonly gid: number
  readonly groups: readonly number[]
}

export interface ContainerRecord {
  readonly id: string
  readonly sandboxId: string
  readonly config: ContainerConfig
  /** Content-addressed id of the image, `sha256:...`. */
  readonly imageId: string
  readonly createdAtNs: string
  /** Absolute; undefined when the sandbox or the container has no log path. */
  readonly logPath: string | undefined
  phase: ContainerPhase
  user: RecordedUser | undefined
  startedAtNs: string
  finishedAtNs: string
  exitCode: number
  /** Empty: Completed or Error by the exit code. */
  reason: string
  message: string
  resources: LinuxContainerResources | undefined
}

/** CRI's namespace options with the defaults that containerd reads into absent ones. */
export interface PodNamespaces {
  readonly hostNetwork: boolean
  readonly hostIpc: boolean
  readonly pid: 'POD' | 'CONTAINER' | 'NODE' | 'TARGET'
}

export function namespacesOf(config: PodSandboxConfig): PodNamespaces {
  const options = config.linux?.securityContext?.namespaceOptions
  return {
    hostNetwork: options?.network === 'NODE',
    hostIpc: options?.ipc === 'NODE',
    pid: options?.pid ?? 'POD',
  }
}
