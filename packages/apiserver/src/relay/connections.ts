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
    return { form: 'connect', target: await this.#proxies.target(request) }
  }
}
