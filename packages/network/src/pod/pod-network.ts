import type { NetworkedPod } from '../cni/capability-arguments.ts'

/** Why pods cannot be given an address yet, in the words of the CRI's NetworkReady condition. */
export interface NetworkNotReady {
  readonly reason: string
  readonly message: string
}

/**
 * What the first process of a pod sandbox must do to be on the network. The batches are input of `ip -batch`;
 * `$KEMU_HOST_PID` in them stands for a process in the host's network namespace.
 */
export type PodAttachment =
  | { readonly kind: 'host' }
  | { readonly kind: 'address' }
  | {
      readonly kind: 'namespace'
      /** Run inside the pod's new network namespace, first. */
      readonly podBatch: string
      /** Run in the host's network namespace, second; undefined: there is nothing to do. */
      readonly hostBatch: string | undefined
    }

/** A pod that is on the network. */
export interface PodConnection {
  /** The pod's own address first; never empty. */
  readonly addresses: readonly string[]
}

/** A pod on its way to the network, under the configuration of the moment at which it asked. */
export interface PodJoin {
  /** First the sandbox is made as this says, */
  readonly attachment: PodAttachment
  /**
   * then this does the rest. The path leads to the pod's network namespace; empty where it has none of its own. Rejects
   * with what a plugin said.
   */
  complete(namespacePath: string): Promise<PodConnection>
}

/**
 * How pods get on the network; one of these per container runtime. Addresses survive a restart of the runtime, are
 * given once, and come back with `release`.
 */
export interface PodNetwork {
  readonly name: 'loopback' | 'netns'
  /** Undefined when pods can join. */
  notReady(): NetworkNotReady | undefined
  /** Begins a pod's way to the network. Rejects when there is no network, or no address left. */
  join(pod: NetworkedPod): Promise<PodJoin>
  /**
   * Undoes what plugins did for a pod, while its namespace still lives; the path is empty when that is gone. Rejects
   * when a plugin cannot. A pod that is unknown is fine.
   */
  leave(sandboxId: string, namespacePath: string): Promise<void>
  /** Gives the address back, when nothing of the pod runs any more; an unknown sandbox is fine. */
  release(sandboxId: string): void
  /** Gives back what belongs to none of these sandboxes: what a crash left. */
  retain(sandboxIds: ReadonlySet<string>): Promise<void>
  /** Rejects with what is wrong with a pod's place on the network, as far as its plugins can tell. */
  check(sandboxId: string, namespacePath: string): Promise<void>
  /** Whether the runtime itself opens the pod's host ports; else a plugin did. */
  opensHostPorts(sandboxId: string): boolean
  /** What programs in the pod are told by environment (built-in programs bind to KEMU_POD_IP on loopback). */
  environment(address: string): Readonly<Record<string, string>>
  /** The port at which a pod's port is really reached on its address. */
  reachablePort(port: number): number
  /** Entries of the verbose CRI status, as containerd has them. */
  describe(): Readonly<Record<string, string>>
  /** `cniResult` of the verbose sandbox status, as containerd has it; undefined on the host's network. */
  describePod(sandboxId: string, namespacePath: string): object | undefined
}
