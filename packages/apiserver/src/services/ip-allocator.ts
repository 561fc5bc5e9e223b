import { formatTime } from '@kemu/api'
import { uuid } from '@kemu/base'
import type { Clock, Random } from '@kemu/base'
import type { KeyValue, KeyValueStore } from '../store/key-value-store.ts'
import type { IpRange } from './ip-range.ts'

/** Why an address cannot be had; the message is upstream's. */
export class AllocationError extends Error {
  override name = 'AllocationError'
  readonly isFull: boolean

  constructor(message: string, isFull = false) {
    super(message)
    this.isFull = isFull
  }
}

/** Whose an address is. */
export interface ServiceReference {
  readonly namespace: string
  readonly name: string
}

/** One address that is taken, as the store has it. */
export interface TakenAddress {
  readonly address: string
  readonly owner: ServiceReference
  readonly createdAt: string
  readonly modRevision: number
  /** Made by an allocator; what users make is theirs, whoever it names. */
  readonly isManaged: boolean
}

const managedByLabel = 'ipaddress.kubernetes.io/managed-by'
const allocatorName = 'ipallocator.k8s.io'

const prefix = '/registry/ipaddresses/'

/**
 * Service addresses. Each one that is taken is an IPAddress object of its own in the store
 * (KEP-1880), so that several servers
 * cannot give out the same, and a server that dies between taking an address and writing its
 * service leaves a trace.
 */
export class IpAllocator {
  readonly range: IpRange
  readonly #store: KeyValueStore
  readonly #random: Random
  readonly #clock: Clock

  constructor(range: IpRange, store: KeyValueStore, random: Random, clock: Clock) {
    this.range = range
    this.#store = store
    this.#random = random
    this.#clock = clock
  }

  /** Takes that very address. Throws an AllocationError. */
  async take(address: string, owner: ServiceReference): Promise<void> {
    if (!this.range.contains(address)) {
      throw new AllocationError('the provided network does not match the current range')
    }
    const present = await this.#create(address, owner)
    if (!present) return
    const { owner: other } = readAddress(present)
    if (other.namespace === owner.namespace && other.name === owner.name) return
    throw new AllocationError('provided IP is already allocated')
  }

  /** Takes any address that is free. */
  async takeAny(owner: ServiceReference, isUsed: (address: string) => boolean): Promise<string> {
    for (const address of this.range.candidates(this.#random)) {
      if (isUsed(address)) continue
      if (!(await this.#create(address, owner))) return address
    }
    throw new AllocationError('range is full', true)
  }

  async release(address: string): Promise<void> {
    const { kv } = await this.#store.get(prefix + address)
    if (kv) await this.#store.remove(prefix + address, kv.modRevision)
  }

  async taken(): Promise<TakenAddress[]> {
    const { kvs } = await this.#store.range({ prefix })
    return kvs.map(readAddress)
  }

  async forget({ address, modRevision }: TakenAddress): Promise<void> {
    await this.#store.remove(prefix + address, modRevision)
  }

  /** Undefined when it was written, else what is there. */
  async #create(
    address: string,
    { namespace, name }: ServiceReference,
  ): Promise<KeyValue | undefined> {
    const object = {
      kind: 'IPAddress',
      apiVersion: 'networking.k8s.io/v1',
      metadata: {
        name: address,
        uid: uuid(this.#random),
        creationTimestamp: formatTime(this.#clock.now()),
        labels: {
          'ipaddress.kubernetes.io/ip-family': 'IPv4',
          [managedByLabel]: allocatorName,
        },
      },
      spec: { parentRef: { resource: 'services', namespace, name } },
    }
    const result = await this.#store.create(prefix + address, Buffer.from(JSON.stringify(object)))
    return result.ok ? undefined : result.current
  }
}

function readAddress({ key, value, modRevision }: KeyValue): TakenAddress {
  const { metadata, spec } = JSON.parse(value.toString()) as {
    metadata: { creationTimestamp?: string; labels?: Record<string, string> }
    spec: { parentRef?: { namespace?: string; name?: string } }
  }
  const { namespace = '', name = '' } = spec.parentRef ?? {}
  return {
    address: key.slice(prefix.length),
    owner: { namespace, name },
    createdAt: metadata.creationTimestamp ?? '',
    modRevision,
    isManaged: metadata.labels?.[managedByLabel] === allocatorName,
  }
}
