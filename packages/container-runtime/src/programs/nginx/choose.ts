import type { Location, Server } from './model.ts'

/** The server for a request: by port, then by name (exact, then wildcard), else the port's default. */
export function chooseServer(
  servers: readonly Server[],
  port: number,
  host: string,
): Server | undefined {
  const here = servers.filter(({ ports }) => ports.includes(port))
  const name = host.replace(/:\d+$/, '').toLowerCase()
  return (
    here.find(({ names }) => names.includes(name)) ??
    here.find(({ names }) => names.some((pattern) => matchesWildcard(pattern, name))) ??
    here.find(({ isDefault }) => isDefault) ??
    here[0]
  )
}

function matchesWildcard(pattern: string, name: string): boolean {
  if (pattern.startsWith('*.')) return name.endsWith(pattern.slice(1))
  return pattern.endsWith('.*') && name.startsWith(pattern.slice(0, -1))
}

/**
 * The location of a path, in nginx's order: exact; the longest prefix, if it stops the search; the first regex that
 * matches; the longest prefix.
 */
export function chooseLocation(locations: readonly Location[], path: string): Location | undefined {
  const exact = locations.find(({ match }) => match.kind === 'exact' && match.path === path)
  if (exact) return exact
  const longest = longestPrefix(locations, path)
  if (longest?.match.kind === 'prefix' && longest.match.stopsRegex) return longest
  const regex = locations.find(({ match }) => match.kind === 'regex' && match.pattern.test(path))
  return regex ?? longest
}

function longestPrefix(locations: readonly Location[], path: string): Location | undefined {
  let best: Location | undefined
  let bestLength = -1
  for (const location of locations) {
    const { match } = location
    if (match.kind !== 'prefix' || !path.startsWith(match.path)) continue
    if (match.path.length <= bestLength) continue
    best = location
    bestLength = match.path.length
  }
  return best
}
