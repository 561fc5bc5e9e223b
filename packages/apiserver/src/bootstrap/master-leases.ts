import type { KeyValue, KeyValueStore } from '../store/key-value-store.ts'

export interface ServerPlace {
  /** Which server it is, whatever address it has: two servers of a cluster never share this. */
  readonly server: string
  readonly advertiseAddress: string
}

const prefix = '/registry/masterleases/'
/** A server that went away is out of the list this much later (DefaultEndpointReconcilerTTL). */
const ttlSeconds = 15
/** Upstream writes no more than the address; servers that do not know this pass over it. */
const serverAnnotation = 'kemu.io/server'

/**
 * The servers of a cluster that renewed their key in the store lately: one key for each address, an Endpoints object
 * below it as in upstream, so that ours and real servers count each other.
 */
export class MasterLeases {
  readonly #place: ServerPlace
  readonly #store: KeyValueStore

  constructor(place: ServerPlace, store: KeyValueStore) {
    this.#place = place
    this.#store = store
  }

  /** This server is there for another while. */
  async renew(): Promise<void> {
    const { server, advertiseAddress } = this.#place
    const lease = await this.#store.grantLease(ttlSeconds)
    const value = {
      kind: 'Endpoints',
      apiVersion: 'v1',
      metadata: { annotations: { [serverAnnotation]: server } },
      subsets: [{ addresses: [{ ip: advertiseAddress }] }],
    }
    const key = prefix + advertiseAddress
    const { kv } = await this.#store.get(key)
    await this.#store.replace(key, kv?.modRevision ?? 0, Buffer.from(JSON.stringify(value)), lease)
  }

  async addresses(): Promise<string[]> {
    const { kvs } = await this.#store.range({ prefix })
    return kvs.map(addressOf).sort()
  }

  /** This server's own key goes. */
  async remove(): Promise<void> {
    const { kv } = await this.#store.get(prefix + this.#place.advertiseAddress)
    if (kv) await this.#store.remove(kv.key, kv.modRevision)
  }

  /** Ends what this server left at addresses that it had before; the addresses of the others. */
  async removeFormer(): Promise<string[]> {
    const { server, advertiseAddress } = this.#place
    const { kvs } = await this.#store.range({ prefix })
    const others = kvs.filter((kv) => addressOf(kv) !== advertiseAddress)
    const former = others.filter((kv) => serverOf(kv) === server)
    await Promise.all(former.map((kv) => this.#store.remove(kv.key, kv.modRevision)))
    return others.filter((kv) => !former.includes(kv)).map(addressOf)
  }
}

function addressOf({ key }: KeyValue): string {
  return key.slice(prefix.length)
}

function serverOf({ value }: KeyValue): string | undefined {
  // A real server's value is Protobuf.
  if (value[0] !== 0x7b) return undefined
  const { metadata } = JSON.parse(value.toString()) as {
    metadata?: { annotations?: Record<string, string> }
  }
  return metadata?.annotations?.[serverAnnotation]
}
