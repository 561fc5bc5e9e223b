import { readFileSync, renameSync, writeFileSync } from 'node:fs'
import { IpPool } from './ip-pool.ts'
import type { IpPoolState } from './ip-pool.ts'
import type { NetworkNotReady } from './pod-network.ts'

/** containerd's words while no CNI configuration is there; people search for them. */
const cidrMissing: NetworkNotReady = {
  reason: 'NetworkPluginNotReady',
  message: 'Network plugin returns error: cni plugin not initialized',
}

/**
 * The pool of a node with its file: every change is on disk before the address is used, so a runtime that is killed
 * right after cannot give the address again.
 */
export class LeaseFile {
  readonly #path: string
  #pool: IpPool | undefined

  constructor(path: string) {
    this.#path = path
    const state = readState(path)
    if (state) this.#pool = new IpPool(state)
  }

  notReady(): NetworkNotReady | undefined {
    return this.#pool ? undefined : cidrMissing
  }

  get podCidr(): string | undefined {
    return this.#pool?.podCidr
  }

  setPodCidr(podCidr: string): void {
    if (this.#pool?.podCidr === podCidr) return
    if (this.#pool) this.#pool.move(podCidr)
    else this.#pool = new IpPool({ podCidr, lastOffset: 1, leases: {} })
    this.#save()
  }

  take(sandboxId: string): string {
    if (!this.#pool) throw new Error(cidrMissing.message)
    const address = this.#pool.take(sandboxId)
    if (address === undefined) {
      throw new Error(`no IP addresses available in range set: ${this.#pool.podCidr}`)
    }
    this.#save()
    return address
  }

  release(sandboxId: string): void {
    if (this.#pool?.release(sandboxId)) this.#save()
  }

  retain(sandboxIds: ReadonlySet<string>): void {
    const gone = this.#pool?.holders().filter((id) => !sandboxIds.has(id)) ?? []
    for (const id of gone) this.#pool?.release(id)
    if (gone.length > 0) this.#save()
  }

  #save(): void {
    const temporary = `${this.#path}.tmp`
    writeFileSync(temporary, JSON.stringify(this.#pool!.state()))
    renameSync(temporary, this.#path)
  }
}

function readState(path: string): IpPoolState | undefined {
  let text: string
  try {
    text = readFileSync(path, 'utf8')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw error
  }
  return JSON.parse(text) as IpPoolState
}
