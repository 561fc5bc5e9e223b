import { makePathItem, produces } from './operation.ts'
import type { Operation, PathItem } from './operation.ts'
import { listParameters, nameParameter, namespaceParameter, prettyParameter } from './parameters.ts'
import type { RouteContext } from './route-context.ts'

const useList = "deprecated: use the 'watch' parameter with a list operation instead"

/** The old paths below /watch/, which older clients may still use. */
export function watchRoutes(context: RouteContext): PathItem[] {
  const { kind, verbs, collection, everywhere, idPrefix, gvk } = context
  if (!verbs.includes('watch')) return []
  const below = (path: string): string => path.replace(/^(\/apis?(?:\/[^/]+)?\/v[^/]+)/, '$1/watch')
  const scope = kind.type.namespaced ? [namespaceParameter()] : []
  const list = `watch individual changes to a list of ${gvk.kind}. ${useList}.`
  const one = `watch changes to an object of kind ${gvk.kind}. ${useList}, filtered to a single item with the 'fieldSelector' parameter.`
  const id = `watch${idPrefix}${gvk.kind}`
  const everywhereId = `${id.replace('Namespaced', '')}ListForAllNamespaces`
  const operation = (operationId: string, description: string, action: string): Operation => ({
    ...watchOperation(context),
    operationId,
    description,
    action,
  })
  const items = [
    withParameters(below(collection), operation(`${id}List`, list, 'watchlist'), scope),
    withParameters(`${below(collection)}/{name}`, operation(id, one, 'watch'), [
      ...scope,
      nameParameter(gvk.kind),
    ]),
  ]
  if (!kind.type.namespaced) return items
  const across = operation(everywhereId, list, 'watchlist')
  return [...items, withParameters(below(everywhere), across, [])]
}

function withParameters(
  path: string,
  operation: Operation,
  scope: Operation['parameters'],
): PathItem {
  const parameters = [...scope, prettyParameter(), ...listParameters()]
  return makePathItem(path, [{ ...operation, parameters }])
}

function watchOperation({ tag, gvk }: RouteContext): Operation {
  return {
    method: 'get',
    operationId: '',
    description: '',
    tag,
    parameters: [],
    consumes: ['*/*'],
    produces: produces.list,
    answer: { definition: 'io.k8s.apimachinery.pkg.apis.meta.v1.WatchEvent' },
    codes: [200],
    kind: gvk,
  }
}
