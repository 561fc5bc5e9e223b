import { mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { IpPool, parseIpv4Block } from './ip-pool.ts'

/** The interface that a lease is for, as host-local notes it. */
const interfaceName = 'eth0'
const lastReserved = 'last_reserved_ip.0'

/**
 * The addresses of a node's pod CIDR with their holders, kept as the host-local plugin keeps them: a file for each
 * address, `<container>\r\neth0`, in /var/lib/cni/networks/<network>. A lease is on disk before its address is used, so
 * a runtime that is killed right after cannot give the address again.
 */
export class AddressLeases {
  readonly #dir: string
  readonly #pool: IpPool

  constructor(dir: string, podCidr: string) {
    this.#dir = dir
    mkdirSync(dir, { recursive: true, mode: 0o755 })
    this.#pool = new IpPool(readState(dir, podCidr))
  }

  get podCidr(): string {
    return this.#pool.podCidr
  }

  /** Addresses given from now on are of this block; leases of another stand until they are released. */
  move(podCidr: string): void {
    this.#pool.move(podCidr)
  }

  /** The holder's address, taken now if it has none. Throws when there is none left. */
  take(holder: string): string {
    const held = this.#pool.addressOf(holder)
    if (held !== undefined) return held
    const address = this.#pool.take(holder)
    if (address === undefined)
      throw new Error(`no IP addresses available in range set: ${this.#pool.podCidr}`)
    writeFileSync(join(this.#dir, address), `${holder}\r\n${interfaceName}`, { mode: 0o600 })
    writeFileSync(join(this.#dir, lastReserved), address, { mode: 0o600 })
    return address
  }

  addressOf(holder: string): string | undefined {
    return this.#pool.addressOf(holder)
  }

  release(holder: string): void {
    const address = this.#pool.addressOf(holder)
    if (address === undefined) return
    rmSync(join(this.#dir, address), { force: true })
    this.#pool.release(holder)
  }

  holders(): string[] {
    return this.#pool.holders()
  }
}

function readState(dir: string, podCidr: string): ConstructorParameters<typeof IpPool>[0] {
  const leases: Record<string, string> = {}
  for (const name of readdirSync(dir)) {
    if (!/^\d+\.\d+\.\d+\.\d+$/.test(name)) continue
    const [holder = ''] = readFileSync(join(dir, name), 'utf8').split('\r\n')
    // A crash between making the file and writing it: nobody was told of the address.
    if (holder === '') rmSync(join(dir, name))
    else leases[holder] = name
  }
  return { podCidr, lastOffset: readLastOffset(dir, podCidr), leases }
}

/** Where the search goes on; at the block's start when the last address was of another block, or is not known. */
function readLastOffset(dir: string, podCidr: string): number {
  const block = parseIpv4Block(podCidr)
  let last: number | undefined
  try {
    last = parseIpv4Block(`${readFileSync(join(dir, lastReserved), 'utf8').trim()}/32`)?.base
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error
  }
  if (!block || last === undefined) return 1
  const offset = last - block.base
  return offset >= 1 && offset < block.size ? offset : 1
}
