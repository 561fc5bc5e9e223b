import { clientCredentials, namedTarget, RpcChannel, RpcError, status } from '@kemu/rpc'
import type { RpcClient, TlsFiles } from '@kemu/rpc'
import { KV, Lease, Watch } from '@kemu/rpc/etcd'
import type { KVMethods, LeaseMethods, WatchMethods } from '@kemu/rpc/etcd'
import { sleep } from '@kemu/base'
import type { Clock } from '@kemu/base'
import { StoreError } from './store-error.ts'
import type { StoreFault } from './store-error.ts'

export interface EtcdConfig {
  /** http(s)://host:port; tried in turn. Names are looked up at each dial. */
  readonly endpoints: readonly string[]
  /** For https endpoints. */
  readonly tls?: TlsFiles
  readonly clock: Clock
}

/** The services of one member. */
export interface EtcdMember {
  readonly kv: RpcClient<KVMethods>
  readonly lease: RpcClient<LeaseMethods>
  readonly watch: RpcClient<WatchMethods>
  /** Rejects when no connection stands in time: nothing was sent then. */
  readonly connect: () => Promise<void>
  readonly close: () => void
}

/** How long a member may take to connect: the address of a host that is gone says nothing at all. */
const connectMs = 2_000
/** How long one try may take. */
const tryTimeoutMs = 10_000
/**
 * How long a call that no member took is tried again: longer than a try, so that one member which hangs is not all.
 */
const patienceMs = 15_000
const pauseMs = 25

/** The members of an etcd cluster, one of which is in use until it fails. */
export class EtcdEndpoints {
  readonly #members: EtcdMember[]
  readonly #clock: Clock
  #current = 0
  #closed = false

  constructor({ endpoints, tls, clock }: EtcdConfig) {
    this.#members = endpoints.map((endpoint) => openMember(endpoint, tls))
    this.#clock = clock
  }

  get member(): EtcdMember {
    return this.#members[this.#current]!
  }

  /** Turns to the next member if this one is still the one in use. */
  leave(member: EtcdMember): void {
    if (member === this.member) this.#current = (this.#current + 1) % this.#members.length
  }

  /**
   * Makes a call that may be repeated, or that is known not to have been sent, until a member takes
   * it. Rejects with
   * a StoreError.
   */
  async call<T>(
    attempt: (member: EtcdMember, timeoutMs: number) => Promise<T>,
    repeatable: boolean,
  ): Promise<T> {
    const giveUpAt = this.#clock.monotonicMs() + patienceMs
    for (;;) {
      const member = this.member
      let connected = false
      try {
        await member.connect()
        connected = true
        return await attempt(member, tryTimeoutMs)
      } catch (error) {
        const fault = toStoreError(error)
        if (fault.fault !== 'unavailable') throw fault
        this.leave(member)
        const again = repeatable || !connected || neverSent(error)
        if (!again || this.#closed || this.#clock.monotonicMs() > giveUpAt) throw fault
        await sleep(this.#clock, pauseMs)
      }
    }
  }

  close(): void {
    this.#closed = true
    for (const member of this.#members) member.close()
  }
}

function openMember(endpoint: string, tls: TlsFiles | undefined): EtcdMember {
  const url = new URL(endpoint)
  const credentials = url.protocol === 'https:' && tls ? clientCredentials(tls) : undefined
  const channel = new RpcChannel(namedTarget(`${url.hostname}:${url.port || 2379}`), credentials)
  return {
    kv: channel.service(KV),
    lease: channel.service(Lease),
    watch: channel.service(Watch),
    connect: async () => {
      if (await channel.connected(connectMs)) return
      throw new StoreError('unavailable', `etcd does not answer at ${endpoint}`)
    },
    close: () => channel.close(),
  }
}

/** grpc-js says so when it had no connection on which to send the call. */
function neverSent(error: unknown): boolean {
  return error instanceof RpcError && error.message.startsWith('No connection established')
}

const faults: readonly (readonly [RegExp, StoreFault])[] = [
  [/required revision has been compacted/, 'compacted'],
  [/required revision is a future revision/, 'future'],
  [/request is too large/, 'tooLarge'],
  [/database space exceeded/, 'noSpace'],
  [/request timed out|no leader|leader changed|server stopped/, 'unavailable'],
]

export function toStoreError(error: unknown): StoreError {
  if (error instanceof StoreError) return error
  if (!(error instanceof RpcError)) return new StoreError('other', String(error), { cause: error })
  const known = faults.find(([pattern]) => pattern.test(error.message))
  if (known) return new StoreError(known[1], error.message, { cause: error })
  const unreached =
    error.code === status.UNAVAILABLE ||
    error.code === status.DEADLINE_EXCEEDED ||
    error.code === status.CANCELLED
  return new StoreError(unreached ? 'unavailable' : 'other', error.message, { cause: error })
}
