import type { Node, Selector } from '@kemu/api'
import { amountsOf } from '@kemu/controller-runtime'
import type { Amounts } from '@kemu/controller-runtime'
import type { HostPort, PodInfo } from './pod-info.ts'

/** How many of a node's pods of one namespace a selector matches; kept as pods come and go. */
interface MatchCount {
  readonly namespace: string
  readonly selector: Selector
  count: number
}

let lastGeneration = 0

/** A node, the pods on it (assumed ones too), and their sums. */
export class NodeInfo {
  readonly name: string
  node: Node | undefined
  /** Grows with every change, over all nodes: two NodeInfos of one generation are equal. */
  generation = ++lastGeneration
  pods: PodInfo[] = []
  podsWithAffinity: PodInfo[] = []
  podsWithRequiredAntiAffinity: PodInfo[] = []

  allocatableCpuMillis = 0
  allocatableMemoryBytes = 0
  allocatableEphemeralBytes = 0
  allocatablePods = 0
  allocatableScalars: Amounts = new Map()

  requestedCpuMillis = 0
  requestedMemoryBytes = 0
  requestedEphemeralBytes = 0
  requestedScalars: Amounts = new Map()
  assumedCpuMillis = 0
  assumedMemoryBytes = 0
  hostPorts: HostPort[] = []
  /** Bytes by image name, from the node's status. */
  images: ReadonlyMap<string, number> = new Map()
  #matchCounts = new Map<string, MatchCount>()

  constructor(name: string) {
    this.name = name
  }

  get labels(): Readonly<Record<string, string>> {
    return this.node?.metadata.labels ?? {}
  }

  setNode(node: Node | undefined): void {
    this.node = node
    const amounts = amountsOf(node?.status?.allocatable)
    this.allocatableCpuMillis = amounts.get('cpu') ?? 0
    this.allocatableMemoryBytes = amounts.get('memory') ?? 0
    this.allocatableEphemeralBytes = amounts.get('ephemeral-storage') ?? 0
    this.allocatablePods = amounts.get('pods') ?? 0
    for (const name of ['cpu', 'memory', 'ephemeral-storage', 'pods']) amounts.delete(name)
    this.allocatableScalars = amounts
    this.images = imagesOf(node)
    this.#changed()
  }

  addPod(pod: PodInfo): void {
    this.pods.push(pod)
    if (pod.hasAffinity) this.podsWithAffinity.push(pod)
    if (pod.affinity.requiredAntiAffinity.length > 0) this.podsWithRequiredAntiAffinity.push(pod)
    this.#account(pod, 1)
    this.hostPorts = this.hostPorts.concat(pod.hostPorts)
  }

  removePod(pod: PodInfo): boolean {
    const at = this.pods.findIndex((other) => other.uid === pod.uid)
    if (at < 0) return false
    const known = this.pods[at]!
    this.pods.splice(at, 1)
    if (known.hasAffinity) {
      this.podsWithAffinity = this.podsWithAffinity.filter((p) => p !== known)
      this.podsWithRequiredAntiAffinity = this.podsWithRequiredAntiAffinity.filter(
        (p) => p !== known,
      )
    }
    this.#account(known, -1)
    if (known.hostPorts.length > 0) this.hostPorts = this.pods.flatMap((p) => p.hostPorts)
    return true
  }

  /** How many pods of the namespace, terminating ones apart, the selector matches. `key` names the pair. */
  countMatching(key: string, namespace: string, selector: Selector): number {
    let known = this.#matchCounts.get(key)
    if (!known) {
      known = { namespace, selector, count: 0 }
      for (const pod of this.pods) if (counts(known, pod)) known.count += 1
      this.#matchCounts.set(key, known)
    }
    return known.count
  }

  clone(): NodeInfo {
    const copy = new NodeInfo(this.name)
    Object.assign(copy, this)
    copy.pods = this.pods.slice()
    copy.podsWithAffinity = this.podsWithAffinity.slice()
    copy.podsWithRequiredAntiAffinity = this.podsWithRequiredAntiAffinity.slice()
    copy.requestedScalars = new Map(this.requestedScalars)
    copy.#matchCounts = new Map([...this.#matchCounts].map(([key, match]) => [key, { ...match }]))
    return copy
  }

  #account(pod: PodInfo, sign: 1 | -1): void {
    this.requestedCpuMillis += sign * pod.cpuMillis
    this.requestedMemoryBytes += sign * pod.memoryBytes
    this.requestedEphemeralBytes += sign * pod.ephemeralBytes
    this.assumedCpuMillis += sign * pod.assumedCpuMillis
    this.assumedMemoryBytes += sign * pod.assumedMemoryBytes
    for (const [name, amount] of pod.scalars)
      this.requestedScalars.set(name, (this.requestedScalars.get(name) ?? 0) + sign * amount)
    for (const match of this.#matchCounts.values()) if (counts(match, pod)) match.count += sign
    this.#changed()
  }

  #changed(): void {
    this.generation = ++lastGeneration
  }
}

function counts({ namespace, selector }: MatchCount, pod: PodInfo): boolean {
  return pod.namespace === namespace && !pod.terminating && selector.matches(pod.labels)
}

function imagesOf(node: Node | undefined): ReadonlyMap<string, number> {
  const images = new Map<string, number>()
  for (const image of node?.status?.images ?? [])
    for (const name of image.names ?? []) images.set(name, image.sizeBytes ?? 0)
  return images
}
