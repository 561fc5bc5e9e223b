import type { Clock, Logger } from '@kemu/base'
import type { Balancer } from './balancer.ts'

/** An open socket of a frontend. Closing stops new clients; connections that stand go on. */
export interface Forwarder {
  close(): void
}

export interface ForwarderDeps {
  readonly clock: Clock
  readonly logger: Logger
}

/** Binds a socket and forwards what arrives; rejects with Node's error when the address or port cannot be had. */
export type OpenForwarder = (
  at: { readonly address: string; readonly port: number },
  balancer: Balancer,
  deps: ForwarderDeps,
) => Promise<Forwarder>
