import { sleep } from '@kemu/base'
import type { Clock } from '@kemu/base'
import { code, GrpcError } from '@kemu/etcd/client'
import type { CodecMethod, Init } from '@kemu/rpc/protobuf'
import { EtcdMember, NotConnected } from './etcd-member.ts'
import type { TlsFiles } from './etcd-member.ts'
import { StoreError } from './store-error.ts'
import type { StoreFault } from './store-error.ts'

export interface EtcdConfig {
  /** http(s)://host:port; tried in turn. Names are looked up at each dial. */
  readonly endpoints: readonly string[]
  /** For https endpoints. */
  readonly tls?: TlsFiles
  readonly clock: Clock
}

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
    this.#members = endpoints.map((endpoint) => new EtcdMember(endpoint, tls, clock))
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
   * Makes a call that may be repeated, or that is known not to have been sent, until a member takes it. Rejects with a
   * StoreError.
   */
  async call<I, O>(
    method: CodecMethod<I, O>,
    request: Init<I>,
    { isRepeatable }: { readonly isRepeatable: boolean },
  ): Promise<O> {
    const giveUpAt = this.#clock.monotonicMs() + patienceMs
    for (;;) {
      const member = this.member
      try {
        return await member.unary(method, request)
      } catch (error) {
        const fault = toStoreError(error)
        if (fault.fault !== 'unavailable') throw fault
        this.leave(member)
        const again = isRepeatable || error instanceof NotConnected
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

const faults: readonly (readonly [RegExp, StoreFault])[] = [
  [/required revision has been compacted/, 'compacted'],
  [/required revision is a future revision/, 'future'],
  [/request is too large/, 'tooLarge'],
  [/database space exceeded/, 'noSpace'],
  [/request timed out|no leader|leader changed|server stopped/, 'unavailable'],
]

const unreached: readonly number[] = [code.UNAVAILABLE, code.DEADLINE_EXCEEDED, code.CANCELLED]

function toStoreError(error: unknown): StoreError {
  if (error instanceof StoreError) return error
  if (error instanceof NotConnected)
    return new StoreError('unavailable', error.message, { cause: error })
  if (!(error instanceof GrpcError)) return new StoreError('other', String(error), { cause: error })
  const known = faults.find(([pattern]) => pattern.test(error.message))
  if (known) return new StoreError(known[1], error.message, { cause: error })
  const fault = unreached.includes(error.code) ? 'unavailable' : 'other'
  return new StoreError(fault, error.message, { cause: error })
}
