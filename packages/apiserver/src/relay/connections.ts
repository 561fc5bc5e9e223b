import type { Random } from '@kemu/base'
import type { Lookup } from '../registry/lookup.ts'
import type { ConnectRequest } from '../request/api-request.ts'
import type { ApiResponse } from '../request/api-response.ts'
import { NodeConnector } from './node-connector.ts'
import { PodTargets } from './pod-target.ts'
import { ProxyTargets } from './proxy-target.ts'

/** Decides where a conversation goes. */
export class Connections {
  readonly #pods: PodTargets
  readonly #proxies: ProxyTargets

  constructor(lookup: Lookup, preferredAddressTypes: readonly string[], random: Random) {
    const nodes = new NodeConnector(lookup, preferredAddressTypes)
    this.#pods = new PodTargets(lookup, nodes)
    this.#proxies = new ProxyTargets(lookup, nodes, random)
  }

  async connect(request: ConnectRequest): Promise<ApiResponse> {
    if (request.path.subresource !== 'proxy') return this.#pods.target(request)
    const target = await this.#proxies.target(request)
    if (isRootWithoutSlash(request)) return redirectToRoot(request)
    return { form: 'connect', target }
  }
}

function isRootWithoutSlash({ rest, isUpgrade, method }: ConnectRequest): boolean {
  return rest === '' && !isUpgrade && (method === 'GET' || method === 'HEAD')
}

/** Relative links of the page behind `proxy` need the slash (UpgradeAwareHandler). */
function redirectToRoot({ path, query }: ConnectRequest): ApiResponse {
  const { namespace, resource, name } = path
  const place = namespace === '' ? '' : `/namespaces/${namespace}`
  const search = query.toString()
  const location = `/api/v1${place}/${resource}/${name}/proxy/${search === '' ? '' : `?${search}`}`
  return {
    form: 'bytes',
    code: 301,
    contentType: 'text/plain',
    headers: { Location: location },
    body: Buffer.alloc(0),
  }
}
