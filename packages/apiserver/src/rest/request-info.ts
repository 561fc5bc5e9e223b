import type { ResourcePath } from '../request/api-request.ts'

/** A path of the API taken apart (endpoints/request, RequestInfo). */
export type PathInfo =
  | {
      readonly isResource: true
      readonly path: ResourcePath
      /** What follows the subresource: the rest of a proxied path, with its slash. */
      readonly rest: string
      /** The deprecated /watch/ prefix. */
      readonly isWatchPath: boolean
    }
  | { readonly isResource: false }

/** Subresources of a namespace itself; any other word after its name is a resource inside it. */
const namespaceSubresources = new Set(['status', 'finalize'])

export function parsePath(pathname: string): PathInfo {
  const [prefix, ...parts] = pathname.split('/').filter((part) => part !== '')
  if (prefix === 'api' && parts.length >= 2)
    return parseResource('', parts[0]!, parts.slice(1), pathname)
  if (prefix === 'apis' && parts.length >= 3) {
    return parseResource(parts[0]!, parts[1]!, parts.slice(2), pathname)
  }
  return { isResource: false }
}

function parseResource(
  group: string,
  version: string,
  words: readonly string[],
  pathname: string,
): PathInfo {
  const isWatchPath = words[0] === 'watch'
  const parts = (isWatchPath ? words.slice(1) : [...words]).map(decode)
  if (parts.length === 0) return { isResource: false }
  let namespace = ''
  if (parts[0] === 'namespaces' && parts.length > 1) {
    namespace = parts[1]!
    if (parts.length > 2 && !namespaceSubresources.has(parts[2]!)) parts.splice(0, 2)
  }
  const [resource = '', name = '', subresource = '', ...rest] = parts
  const tail = rest.length > 0 ? `/${rest.join('/')}` : ''
  return {
    isResource: true,
    path: { group, version, resource, namespace, name, subresource },
    rest: hasTail(tail, subresource) && pathname.endsWith('/') ? `${tail}/` : tail,
    isWatchPath,
  }
}

/** To a proxied server `/` is a path. */
function hasTail(tail: string, subresource: string): boolean {
  return tail !== '' || subresource === 'proxy'
}

function decode(part: string): string {
  try {
    return decodeURIComponent(part)
  } catch {
    return part
  }
}
