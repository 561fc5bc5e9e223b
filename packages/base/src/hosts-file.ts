import { readFileSync, statSync } from 'node:fs'
import { lookup as systemLookup } from 'node:dns/promises'
import { isIPv4 } from 'node:net'

/**
 * Names to addresses. Members and nodes are known by name, never by address; a name is resolved at each dial, so
 * a cluster that comes back with other addresses finds itself again.
 */
export type ResolveName = (name: string) => Promise<string[]>

/** Parses the hosts(5) format: address first, then its names. */
export function parseHosts(text: string): Map<string, string[]> {
  const names = new Map<string, string[]>()
  for (const line of text.split('\n')) {
    const [address, ...aliases] = line.replace(/#.*/, '').trim().split(/\s+/)
    if (!address || !isAddress(address)) continue
    for (const alias of aliases) names.set(alias, [...(names.get(alias) ?? []), address])
  }
  return names
}

/**
 * A line of a hosts file that says: what is not here is known to the machine's resolver. So it is on a container
 * engine's network, where hosts come back with other addresses while their peers run on.
 */
export const delegatingMark = '# Other names: DNS'

/** Resolves from a hosts file, read again when it changed; what is not in it is asked of `next`, if the file says so. */
export function hostsFileResolver(path: string, next: ResolveName = systemResolver): ResolveName {
  let stamp = ''
  let names = new Map<string, string[]>()
  let delegates = false
  return async (name) => {
    if (isAddress(name)) return [name]
    const stat = statSync(path, { throwIfNoEntry: false })
    const current = stat ? `${stat.mtimeMs}:${stat.size}:${stat.ino}` : ''
    if (current !== stamp) {
      const text = stat ? readFileSync(path, 'utf8') : ''
      names = parseHosts(text)
      delegates = text.split('\n').includes(delegatingMark)
      stamp = current
    }
    const found = names.get(name)
    if (found) return found
    if (delegates) return next(name)
    throw new Error(`host name ${name} is not in ${path}`)
  }
}

/** No name has a colon. Node's own `isIP` compiles a pattern of IPv6 addresses, 6 ms at each start. */
function isAddress(name: string): boolean {
  return name.includes(':') || isIPv4(name)
}

/** The resolver of the machine (getaddrinfo). */
export const systemResolver: ResolveName = async (name) =>
  isAddress(name)
    ? [name]
    : (await systemLookup(name, { all: true, verbatim: true })).map((a) => a.address)

/**
 * The resolver of this process: the hosts file that the emulated host gives its processes in `KEMU_HOSTS_FILE`, and
 * nothing else, so that no made-up name reaches the machine's resolver; the machine's own where there is none.
 */
export function processResolver(
  env: Readonly<Record<string, string | undefined>> = process.env,
): ResolveName {
  const path = env['KEMU_HOSTS_FILE']
  return path ? hostsFileResolver(path) : systemResolver
}
