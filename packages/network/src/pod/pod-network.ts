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
  | { readonly kind: 'address'; readonly address: string }
  | {
      readonly kind: 'namespace'
      readonly address: string
      /** Run inside the pod's new network namespace, first. */
      readonly podBatch: string
      /** Run in the host's network namespace, second. */
      readonly hostBatch: string
    }

/**
 * How pods get on the network; one of these per container runtime. Addresses survive a restart of the runtime, are
 * given once, and come back with `release`.
 */
export interface PodNetwork {
  readonly name: 'loopback' | 'netns'
  /** Undefined when pods can be attached. */
  notReady(): NetworkNotReady | undefined
  /** The node's pod CIDR as the kubelet passes it by CRI's UpdateRuntimeConfig. Throws on text that is no CIDR. */
  setPodCidr(podCidr: string): Promise<void>
  /** Takes an address for a sandbox, the same one when asked again. Throws when the CIDR is used up. */
  attach(sandboxId: string): PodAttachment
  /** Gives the address back; an unknown sandbox is fine. */
  release(sandboxId: string): void
  /** Gives back what belongs to none of these sandboxes: what a crash left. */
  retain(sandboxIds: ReadonlySet<string>): void
  /** What programs in the pod are told by environment (built-in programs bind to KEMU_POD_IP on loopback). */
  environment(address: string): Readonly<Record<string, string>>
  /** The port at which a pod's port is really reached on its address. */
  reachablePort(port: number): number
}
