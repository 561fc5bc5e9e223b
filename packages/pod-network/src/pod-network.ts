import { Backoff } from '@kemu/base'
import type { Clock, Logger, Random, Timer } from '@kemu/base'
import type { Node } from '@kemu/api'
import type { ReflectorSink } from '@kemu/client'
import { isClusterLoopback, parseCidr } from '@kemu/network/address'
import { fillCniTemplate } from './cni-file.ts'
import type { KernelNetwork } from './kernel-network.ts'
import { formatNetwork, isPartOf } from './net-conf.ts'
import type { NetConf } from './net-conf.ts'
import { isSamePlace, placeOf } from './node-place.ts'
import type { NodePlace } from './node-place.ts'
import { planNetwork } from './plan.ts'
import type { NetworkPlan } from './plan.ts'

export interface PodNetworkDeps {
  readonly clock: Clock
  readonly random: Random
  readonly logger: Logger
  readonly kernel: Pick<KernelNetwork, 'links' | 'apply'>
  /** Puts the CNI configuration in place; false when it was there already. */
  readonly placeConfiguration: (text: string) => boolean
  /** Told after each round what is worth watching. */
  readonly onLaid: (self: NodePlace, plan: NetworkPlan, device: string | undefined) => void
}

export interface PodNetworkOptions {
  readonly nodeName: string
  readonly conf: NetConf
  readonly cniTemplate: string
}

const retry = { initialMs: 200, maxMs: 10_000, factor: 2, jitter: 0.5 }

/** Keeps this node's routes equal to what the nodes say, and lets pods in once the node has its own place. */
export class PodNetwork implements ReflectorSink<Node> {
  readonly #options: PodNetworkOptions
  readonly #deps: PodNetworkDeps
  readonly #backoff: Backoff
  readonly #places = new Map<string, NodePlace>()
  #hasList = false
  #isDirty = false
  #round: Promise<void> | undefined
  #timer: Timer | undefined
  #closed = false
  /** What was said of refused nodes, so that it is said once. */
  #said = ''

  constructor(options: PodNetworkOptions, deps: PodNetworkDeps) {
    this.#options = options
    this.#deps = deps
    this.#backoff = new Backoff(retry, deps.random)
  }

  replace(nodes: Node[]): void {
    const names = new Set(nodes.map(({ metadata }) => metadata.name))
    for (const name of this.#places.keys()) if (!names.has(name)) this.#places.delete(name)
    for (const node of nodes) this.#take(node)
    this.#hasList = true
    this.look()
  }

  upsert(node: Node): void {
    if (this.#take(node)) this.look()
  }

  remove({ metadata }: Node): void {
    if (this.#places.delete(metadata.name)) this.look()
  }

  /** One round now, or one more when a round is on its way. */
  look(): void {
    if (!this.#hasList || this.#closed) return
    this.#isDirty = true
    this.#timer?.cancel()
    this.#round ??= this.#run().finally(() => (this.#round = undefined))
  }

  /** Ends the rounds; what is laid stays, so that pods' connections do. */
  async close(): Promise<void> {
    this.#closed = true
    this.#timer?.cancel()
    await this.#round
  }

  /** Whether the node moved: most of its changes are news of its health. */
  #take(node: Node): boolean {
    const { name } = node.metadata
    const place = placeOf(node)
    if (isSamePlace(this.#places.get(name), place)) return false
    if (place) this.#places.set(name, place)
    else this.#places.delete(name)
    return true
  }

  async #run(): Promise<void> {
    while (this.#isDirty && !this.#closed) {
      this.#isDirty = false
      try {
        await this.#lay()
        this.#backoff.reset()
      } catch (error) {
        const delayMs = this.#backoff.nextMs()
        this.#deps.logger.error('Cannot lay the pod network, trying again', {
          delayMs,
          err: error as Error,
        })
        this.#timer = this.#deps.clock.setTimer(delayMs, () => this.look())
      }
    }
  }

  async #lay(): Promise<void> {
    const { nodeName, conf, cniTemplate } = this.#options
    const { kernel, logger, placeConfiguration, onLaid } = this.#deps
    const self = this.#places.get(nodeName)
    if (!self) {
      logger.info('Waiting for the node to have an address and a pod CIDR', { node: nodeName })
      return
    }
    const isLoopback = isClusterLoopback(self.address)
    if (!isLoopback) this.#checkOwnCidr(self)
    const isRouted = !isLoopback && conf.backend.kind !== 'alloc'
    const links = isRouted ? await kernel.links() : undefined
    const underlay = links?.underlayOf(self.address)
    const others = [...this.#places.values()].filter(({ name }) => name !== nodeName)
    const plan = planNetwork(conf, self, others, underlay)
    if (links && (await kernel.apply(nodeName, plan, links)))
      logger.info('Routes are laid', { nodes: others.length, device: underlay?.device })
    this.#sayRefused(plan)
    if (placeConfiguration(fillCniTemplate(cniTemplate, self.podCidr, plan.mtu)))
      logger.info('CNI configuration is in place', { podCidr: self.podCidr })
    onLaid(self, plan, underlay?.device)
  }

  #checkOwnCidr({ name, podCidr }: NodePlace): void {
    const { conf } = this.#options
    const cidr = parseCidr(podCidr)
    if (cidr && isPartOf(conf, cidr)) return
    throw new Error(
      `pod CIDR ${podCidr} of node ${name} is not a part of Network ${formatNetwork(conf)} (net-conf.json)`,
    )
  }

  #sayRefused({ refused }: NetworkPlan): void {
    const text = JSON.stringify(refused)
    if (text === this.#said) return
    this.#said = text
    for (const { node, reason } of refused)
      this.#deps.logger.error('Pods of a node cannot be reached', { node, reason })
  }
}
