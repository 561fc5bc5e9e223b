import type { Clock, Logger, MetricsRegistry, Random } from '@kemu/base'
import type { Client } from '@kemu/client'
import type { Directive } from '../corefile/parser.ts'
import type { Answering, Handler } from '../handler.ts'
import type { Query } from '../wire/message.ts'

/** What a directive makes: a link of the chain, or something beside it. */
export interface Plugin {
  readonly handler?: Handler
  /** Opens what the plugin needs; the server answers when all have resolved. */
  start?(): Promise<void>
  /** Told when the server's sockets answer. */
  onServing?(): void
  /** The first thing at the end of the process, while queries are still answered. */
  lameDuck?(): Promise<void>
  close?(): void | Promise<void>
  /** False keeps /ready at 503. */
  isReady?(): boolean
}

/** The server block that a directive stands in. */
export interface Site {
  /** Without last dots; '' is the root. */
  readonly zones: readonly string[]
  readonly port: number
  /** The names of all its directives. */
  readonly directives: ReadonlySet<string>
  /** As metrics name it: `dns://:53`. */
  readonly server: string
  /** Asks the whole server, as a client would. */
  readonly lookup: (query: Query) => Answering
  /** Names of the block's plugins that are not ready. */
  readonly notReady: () => string[]
}

export interface PluginDeps {
  readonly clock: Clock
  readonly random: Random
  readonly logger: Logger
  readonly metrics: MetricsRegistry
  /** Where this process may listen: the address that stands for "all", and where a port really is. */
  readonly place: Placement
  /** Connects to an API server: of the pod's own cluster, or as the directive says. */
  readonly connect: (access: ApiAccess) => Client
  /** Ends the process with a message. */
  readonly fatal: (message: string) => void
}

export interface Placement {
  /** '' listens on every address. */
  readonly host: string
  port(port: number): number
  /** This server's addresses as others see them. */
  readonly ownAddresses: readonly string[]
}

export type ApiAccess =
  | { readonly kind: 'in-cluster' }
  | { readonly kind: 'kubeconfig'; readonly file: string }

/** Reads a directive; throws its `error` for what is wrong or not emulated. */
export type Setup = (directive: Directive, site: Site, deps: PluginDeps) => Plugin
