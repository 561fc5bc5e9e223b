import { Resolver } from 'node:dns/promises'
import { readFileSync } from 'node:fs'
import { isIP } from 'node:net'
import { parseHosts } from '@kemu/base'
import { shiftPort } from '@kemu/network/address'
import type { Surroundings } from './surroundings.ts'

/** What resolv.conf(5) says. */
export interface ResolvConf {
  readonly servers: readonly string[]
  readonly searches: readonly string[]
  readonly ndots: number
}

export function parseResolvConf(text: string): ResolvConf {
  const lines = text.split('\n').map((line) =>
    line
      .replace(/[#;].*/, '')
      .trim()
      .split(/\s+/),
  )
  const valuesOf = (word: string): string[] =>
    lines.filter(([first]) => first === word).flatMap(([, ...rest]) => rest)
  const ndots = valuesOf('options')
    .map((option) => /^ndots:(\d+)$/.exec(option)?.[1])
    .find((value) => value !== undefined)
  const searches = lines.findLast(([first]) => first === 'search')?.slice(1) ?? []
  return { servers: valuesOf('nameserver'), searches, ndots: Number(ndots ?? 1) }
}

/** The names to ask for, in the order of resolv.conf(5): a name with enough dots is tried as it is first. */
export function candidateNames(name: string, { searches, ndots }: ResolvConf): string[] {
  if (name.endsWith('.')) return [name.slice(0, -1)]
  const searched = searches.map((domain) => `${name}.${domain.replace(/\.$/, '')}`)
  const dots = name.split('.').length - 1
  return dots >= ndots ? [name, ...searched] : [...searched, name]
}

/** A name that no server knows; `code` is getaddrinfo's. */
export class NameNotFound extends Error {
  override name = 'NameNotFound'
  readonly code = 'ENOTFOUND'

  constructor(wanted: string) {
    super(`getaddrinfo ENOTFOUND ${wanted}`)
  }
}

/** What a lookup found: the whole name that answered, its addresses, and who said so. */
export interface Resolved {
  readonly name: string
  readonly addresses: readonly string[]
  /** Undefined: the hosts file. */
  readonly server: string | undefined
}

/**
 * The pod's resolver for built-in programs: hosts file, then the pod's DNS servers and search list. On the loopback
 * network nothing else knows the pod's resolv.conf, and port 53 may be a shifted one.
 */
export class StubResolver {
  readonly #surroundings: Surroundings

  constructor(surroundings: Surroundings) {
    this.#surroundings = surroundings
  }

  get conf(): ResolvConf {
    return parseResolvConf(readOrEmpty(this.#surroundings.resolvConf))
  }

  /** IPv4 addresses of a name; rejects with NameNotFound. */
  async resolve(name: string): Promise<Resolved> {
    if (isIP(name)) return { name, addresses: [name], server: undefined }
    const known = parseHosts(readOrEmpty(this.#surroundings.hostsFile)).get(name)
    if (known) return { name, addresses: known, server: undefined }
    const { conf } = this
    for (const candidate of candidateNames(name, conf)) {
      const addresses = await this.#ask(candidate, conf)
      if (addresses.length > 0) return { name: candidate, addresses, server: conf.servers[0] }
    }
    throw new NameNotFound(name)
  }

  /** The first address, for a connection. */
  async address(name: string): Promise<string> {
    return (await this.resolve(name)).addresses[0]!
  }

  /** The servers with the ports at which they are really reached. */
  servers(): string[] {
    const port = shiftPort(53, this.#surroundings.portFloor)
    return this.conf.servers.map((server) => `${server}:${port}`)
  }

  async #ask(name: string, { servers }: ResolvConf): Promise<string[]> {
    if (servers.length === 0) return []
    const resolver = new Resolver({ timeout: 2000, tries: 2 })
    resolver.setServers(this.servers())
    try {
      return await resolver.resolve4(name)
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException
      if (code === 'ENOTFOUND' || code === 'ENODATA') return []
      throw error
    }
  }
}

function readOrEmpty(path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return ''
    throw error
  }
}
