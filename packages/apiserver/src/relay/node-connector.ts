import { nodes, notFound, plainError } from '@kemu/api'
import type { Node } from '@kemu/api'
import type { Lookup } from '../registry/lookup.ts'

/**
 * Finds where a node's kubelet listens: the first of the preferred kinds of addresses that the node
 * states.
 */
export class NodeConnector {
  readonly #lookup: Lookup
  readonly #preferredTypes: readonly string[]

  constructor(lookup: Lookup, preferredTypes: readonly string[]) {
    this.#lookup = lookup
    this.#preferredTypes = preferredTypes
  }

  async addressOf(nodeName: string): Promise<{ host: string; port: number }> {
    const node = await this.#lookup.find(nodes, '', nodeName)
    if (!node) throw notFound(nodes, nodeName)
    return { host: this.#host(node), port: kubeletPort(node) }
  }

  #host({ metadata, status }: Node): string {
    for (const type of this.#preferredTypes) {
      const found = status?.addresses?.find((address) => address.type === type)
      if (found) return found.address
    }
    throw plainError(
      `no preferred addresses found; known addresses: ${JSON.stringify(status?.addresses ?? [])} (node ${metadata.name})`,
    )
  }
}

/** ports.KubeletPort */
const defaultPort = 10_250

function kubeletPort({ status }: Node): number {
  return status?.daemonEndpoints?.kubeletEndpoint?.Port || defaultPort
}
