/** What a request to the kubelet's API asks to do, in the words of the authorizer. */
export interface RequestAttributes {
  readonly verb: string
  /** Of the resource `nodes`; one that is allowed is enough. */
  readonly subresources: readonly string[]
}

const verbs: Readonly<Record<string, string>> = {
  POST: 'create',
  GET: 'get',
  PUT: 'update',
  PATCH: 'patch',
  DELETE: 'delete',
}

/** Finer names that are asked before the general one (KEP-2862). */
const fine: readonly (readonly [string, string])[] = [
  ['/pods', 'pods'],
  ['/healthz', 'healthz'],
  ['/configz', 'configz'],
  ['/runningpods', 'pods'],
]

const own: readonly (readonly [string, string])[] = [
  ['/stats', 'stats'],
  ['/metrics', 'metrics'],
  ['/logs', 'log'],
  ['/checkpoint', 'checkpoint'],
]

/** Pure; upstream: GetRequestAttributes of pkg/kubelet/server/auth.go. */
export function requestAttributes(method: string, path: string): RequestAttributes {
  const find = (table: readonly (readonly [string, string])[]): string | undefined =>
    table.find(([prefix]) => isBelow(path, prefix))?.[1]
  const first = find(fine)
  return {
    verb: verbs[method] ?? '',
    subresources: [...(first === undefined ? [] : [first]), find(own) ?? 'proxy'],
  }
}

function isBelow(path: string, prefix: string): boolean {
  return path === prefix || path.startsWith(`${prefix}/`)
}
