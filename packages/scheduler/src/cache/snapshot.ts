import type { NodeInfo } from './node-info.ts'

/** How widely an image is spread, for ImageLocality. */
export interface ImageState {
  readonly sizeBytes: number
  readonly nodeCount: number
}

/** What a scheduling cycle sees: nodes that do not change while it runs. */
export interface Snapshot {
  /** Zones take turns, so that a search that stops early has seen all of them. */
  readonly nodes: readonly NodeInfo[]
  get(nodeName: string): NodeInfo | undefined
  /** Nodes with pods that have (anti-)affinity of any kind, and those with required anti-affinity. */
  readonly nodesWithAffinity: Iterable<NodeInfo>
  readonly nodesWithRequiredAntiAffinity: Iterable<NodeInfo>
  image(name: string): ImageState | undefined
}

/** A snapshot that is brought up to date by the nodes that changed since the last cycle. */
export class NodeSnapshot implements Snapshot {
  nodes: NodeInfo[] = []
  readonly #byName = new Map<string, NodeInfo>()
  readonly #position = new Map<string, number>()
  readonly #withAffinity = new Map<string, NodeInfo>()
  readonly #withAntiAffinity = new Map<string, NodeInfo>()
  #images: ReadonlyMap<string, ImageState> = new Map()

  get nodesWithAffinity(): Iterable<NodeInfo> {
    return this.#withAffinity.values()
  }

  get nodesWithRequiredAntiAffinity(): Iterable<NodeInfo> {
    return this.#withAntiAffinity.values()
  }

  get(nodeName: string): NodeInfo | undefined {
    return this.#byName.get(nodeName)
  }

  image(name: string): ImageState | undefined {
    return this.#images.get(name)
  }

  /** Puts copies of changed nodes in place of the old ones. */
  replace(changed: Iterable<NodeInfo>): void {
    for (const info of changed) {
      const copy = info.clone()
      this.#index(copy)
      this.nodes[this.#position.get(copy.name)!] = copy
    }
  }

  /** The set or order of nodes changed. */
  rebuild(ordered: readonly NodeInfo[], images: ReadonlyMap<string, ImageState>): void {
    const old = new Map(this.#byName)
    for (const map of [this.#byName, this.#position, this.#withAffinity, this.#withAntiAffinity])
      map.clear()
    this.#images = images
    this.nodes = ordered.map((info, i) => {
      const before = old.get(info.name)
      const copy = before?.generation === info.generation ? before : info.clone()
      this.#position.set(copy.name, i)
      this.#index(copy)
      return copy
    })
  }

  #index(info: NodeInfo): void {
    this.#byName.set(info.name, info)
    file(this.#withAffinity, info, info.podsWithAffinity.length > 0)
    file(this.#withAntiAffinity, info, info.podsWithRequiredAntiAffinity.length > 0)
  }
}

function file(map: Map<string, NodeInfo>, info: NodeInfo, belongs: boolean): void {
  if (belongs) map.set(info.name, info)
  else map.delete(info.name)
}
