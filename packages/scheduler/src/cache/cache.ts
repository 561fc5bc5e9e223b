import type { Node } from '@kemu/api'
import { NodeInfo } from './node-info.ts'
import type { PodInfo } from './pod-info.ts'
import { NodeSnapshot } from './snapshot.ts'
import type { ImageState } from './snapshot.ts'

interface PlacedPod {
  readonly info: PodInfo
  readonly nodeName: string
  /** Decided here, not yet seen bound in a watch event. */
  readonly assumed: boolean
}

/**
 * Nodes and the pods on them: what the watch has shown, plus what was decided and is not confirmed yet. A decision is
 * `assume`d at once, so that the next cycle counts it; the watch event confirms it, a failed bind `forget`s it.
 */
export class SchedulerCache {
  readonly #nodes = new Map<string, NodeInfo>()
  readonly #pods = new Map<string, PlacedPod>()
  readonly #snapshot = new NodeSnapshot()
  readonly #changed = new Set<string>()
  #nodesChanged = true

  get podCount(): number {
    return this.#pods.size
  }

  get nodeCount(): number {
    return this.#snapshot.nodes.length
  }

  get assumedCount(): number {
    let count = 0
    for (const pod of this.#pods.values()) if (pod.assumed) count += 1
    return count
  }

  setNode(node: Node): void {
    const info = this.#nodeInfo(node.metadata.name)
    const listed =
      info.node !== undefined && zoneOf(info.node) === zoneOf(node) && sameImages(info.node, node)
    info.setNode(node)
    if (listed) this.#changed.add(info.name)
    else this.#nodesChanged = true
  }

  /** Pods may outlive their node in the cache: their deletions come later. */
  removeNode(name: string): void {
    const info = this.#nodes.get(name)
    if (!info) return
    info.setNode(undefined)
    if (info.pods.length === 0) this.#nodes.delete(name)
    this.#nodesChanged = true
  }

  /** A pod that a watch event shows on a node. */
  setPod(info: PodInfo, nodeName: string): void {
    this.#take(info.uid)
    this.#place({ info, nodeName, assumed: false })
  }

  removePod(uid: string): void {
    this.#take(uid)
  }

  assume(info: PodInfo, nodeName: string): void {
    this.#place({ info, nodeName, assumed: true })
  }

  /** Undoes `assume`; does nothing when the watch has confirmed the pod meanwhile. */
  forget(uid: string): void {
    if (this.#pods.get(uid)?.assumed) this.#take(uid)
  }

  isAssumed(uid: string): boolean {
    return this.#pods.get(uid)?.assumed ?? false
  }

  nodeOf(uid: string): string | undefined {
    return this.#pods.get(uid)?.nodeName
  }

  /** The snapshot of this moment. It is one object, brought up to date: use it within one cycle only. */
  snapshot(): NodeSnapshot {
    if (this.#nodesChanged) {
      const listed = [...this.#nodes.values()].filter((info) => info.node !== undefined)
      this.#snapshot.rebuild(zonesInTurn(listed), imageStates(listed))
      this.#nodesChanged = false
    } else if (this.#changed.size > 0) {
      const infos = [...this.#changed].map((name) => this.#nodes.get(name))
      this.#snapshot.replace(infos.filter((info): info is NodeInfo => info?.node !== undefined))
    }
    this.#changed.clear()
    return this.#snapshot
  }

  #nodeInfo(name: string): NodeInfo {
    let info = this.#nodes.get(name)
    if (!info) this.#nodes.set(name, (info = new NodeInfo(name)))
    return info
  }

  #place(placed: PlacedPod): void {
    this.#pods.set(placed.info.uid, placed)
    this.#nodeInfo(placed.nodeName).addPod(placed.info)
    this.#changed.add(placed.nodeName)
  }

  #take(uid: string): void {
    const placed = this.#pods.get(uid)
    if (!placed) return
    this.#pods.delete(uid)
    const info = this.#nodes.get(placed.nodeName)!
    info.removePod(placed.info)
    this.#changed.add(placed.nodeName)
    if (info.node === undefined && info.pods.length === 0) this.#nodes.delete(info.name)
  }
}

/** The zone and region that spreading over failure domains goes by. */
function zoneOf(node: Node): string {
  const labels = node.metadata.labels ?? {}
  const region = labels['topology.kubernetes.io/region'] ?? ''
  return `${region}:${labels['topology.kubernetes.io/zone'] ?? ''}`
}

/** One node of each zone, then the next of each (upstream: nodeTree). */
function zonesInTurn(infos: readonly NodeInfo[]): NodeInfo[] {
  const zones = new Map<string, NodeInfo[]>()
  for (const info of infos) {
    const zone = zoneOf(info.node!)
    const list = zones.get(zone)
    if (list) list.push(info)
    else zones.set(zone, [info])
  }
  if (zones.size <= 1) return [...infos]
  const ordered: NodeInfo[] = []
  for (let i = 0; ordered.length < infos.length; i++)
    for (const list of zones.values()) if (i < list.length) ordered.push(list[i]!)
  return ordered
}

function sameImages(a: Node, b: Node): boolean {
  const left = a.status?.images ?? []
  const right = b.status?.images ?? []
  return (
    left.length === right.length &&
    left.every((image, i) => image.names?.[0] === right[i]!.names?.[0])
  )
}

function imageStates(infos: readonly NodeInfo[]): ReadonlyMap<string, ImageState> {
  const states = new Map<string, ImageState>()
  for (const info of infos) {
    for (const [name, sizeBytes] of info.images)
      states.set(name, { sizeBytes, nodeCount: (states.get(name)?.nodeCount ?? 0) + 1 })
  }
  return states
}
