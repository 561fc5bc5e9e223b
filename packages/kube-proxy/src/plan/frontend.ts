import type { Cidr } from '@kemu/network/address'
import type { SocketProtocol } from './service-port.ts'

/** Where a connection is sent. */
export interface Backend {
  readonly address: string
  readonly port: number
}

/** One socket that kube-proxy listens on, and whom it leads to. */
export interface Frontend {
  readonly protocol: SocketProtocol
  readonly address: string
  readonly port: number
  /** `namespace/name:port` of the service: frontends of one port share their clients' affinity. */
  readonly servicePort: string
  /** `namespace/name`. */
  readonly service: string
  /**
   * `node`: only this node can have the address. `shared`: every kube-proxy of the cluster would bind it, so only the
   * one that holds the serving lease does (loopback driver).
   */
  readonly scope: 'node' | 'shared'
  readonly backends: readonly Backend[]
  /**
   * For clients inside the cluster, where they may go further than others: a pod that asks an external address of a
   * service with externalTrafficPolicy Local is not bound by it.
   */
  readonly insideBackends: readonly Backend[]
  /** Empty allows every client. */
  readonly sourceRanges: readonly Cidr[]
  readonly affinityMs: number | undefined
}

/** The identity of a socket: two frontends of the same key cannot both be open. */
export function frontendKey({ protocol, address, port }: Frontend): string {
  return `${protocol} ${address}:${port}`
}
