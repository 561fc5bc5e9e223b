import { createHash } from 'node:crypto'
import { deepCopy, formatMicroTime, leases } from '@kemu/api'
import { uuid } from '@kemu/base'
import type { Clock, Logger, Random, Timer } from '@kemu/base'
import type { SystemWriter } from './system-writer.ts'

export interface IdentityConfig {
  readonly hostname: string
  /** `address:port` on which other servers reach this one. */
  readonly peerAddress: string
}

const durationSeconds = 3600
const renewMs = 10_000

/** The Lease by which the servers of a cluster are counted and named (KEP-1965). */
export class IdentityLease {
  readonly name: string
  readonly #config: IdentityConfig
  readonly #writer: SystemWriter
  readonly #clock: Clock
  readonly #logger: Logger
  readonly #holder: string
  #timer: Timer | undefined

  constructor(
    config: IdentityConfig,
    deps: {
      readonly writer: SystemWriter
      readonly clock: Clock
      readonly random: Random
      readonly logger: Logger
    },
  ) {
    this.#config = config
    this.#writer = deps.writer
    this.#clock = deps.clock
    this.#logger = deps.logger
    this.name = `apiserver-${identityOf(config)}`
    this.#holder = `${this.name}_${uuid(deps.random)}`
  }

  /** Writes the lease and keeps it renewed. */
  async start(): Promise<void> {
    await this.#renew()
    this.#timer = this.#clock.setPeriodic(renewMs, () => {
      this.#renew().catch((error: unknown) =>
        this.#logger.warn('Failed to renew the identity lease', { err: error }),
      )
    })
  }

  close(): void {
    this.#timer?.cancel()
  }

  async #renew(): Promise<void> {
    const place = { namespace: 'kube-system', name: this.name }
    const spec = {
      holderIdentity: this.#holder,
      leaseDurationSeconds: durationSeconds,
      renewTime: formatMicroTime(this.#clock.now()),
    }
    const metadata = {
      ...place,
      labels: {
        'apiserver.kubernetes.io/identity': 'kube-apiserver',
        'kubernetes.io/hostname': this.#config.hostname,
      },
      annotations: { 'kubernetes.io/peer-advertise-address': this.#config.peerAddress },
    }
    const isThere = this.#writer.find(leases, place.namespace, place.name) !== undefined
    if (!isThere && (await this.#writer.create(leases, { metadata, spec }))) return
    await this.#writer.update(leases, place, (old) => {
      const next = deepCopy(old)
      next.spec = { ...next.spec, ...spec }
      return next
    })
  }
}

/** Servers of one machine differ by address, those of one address by machine. */
function identityOf({ hostname, peerAddress }: IdentityConfig): string {
  const hash = createHash('sha256').update(`${hostname}/${peerAddress}`).digest()
  return base32(hash.subarray(0, 16))
}

function base32(bytes: Buffer): string {
  const alphabet = 'abcdefghijklmnopqrstuvwxyz234567'
  let bits = ''
  for (const byte of bytes) bits += byte.toString(2).padStart(8, '0')
  return (bits.match(/.{1,5}/g) ?? [])
    .map((group) => alphabet[Number.parseInt(group.padEnd(5, '0'), 2)])
    .join('')
}
