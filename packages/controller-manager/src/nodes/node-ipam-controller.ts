import { isNotFound, nodes, objectKey } from '@kemu/api'
import type { Node } from '@kemu/api'
import { FlagError } from '@kemu/base'
import type { Informer } from '@kemu/client'
import { Controller, done, OneQueueController } from '@kemu/controller-runtime'
import type { Result } from '@kemu/controller-runtime'
import type { ControllerDeps } from '../controller-deps.ts'
import type { ControllerManagerFlags } from '../flags.ts'
import { CidrError, formatCidr, parseCidr } from './cidr.ts'
import { CidrSet } from './cidr-set.ts'

/** Gives each node a range of pod addresses out of the cluster's (RangeAllocator). */
export class NodeIpamController extends OneQueueController {
  readonly #deps: ControllerDeps
  readonly #sets: readonly CidrSet[]
  readonly #nodes: Informer<Node>
  protected readonly controller: Controller
  /** What was given to a node whose write may be on its way still. */
  readonly #given = new Map<string, string[]>()

  constructor(deps: ControllerDeps, sets: readonly CidrSet[]) {
    super()
    this.#deps = deps
    this.#sets = sets
    this.#nodes = deps.informers.of(nodes)
    this.controller = new Controller(
      {
        name: 'cidrallocator_node',
        sources: [this.#nodes],
        reconcile: (key) => this.#reconcile(key),
      },
      deps,
    )
    const enqueue = (node: Node): void => this.controller.enqueue(objectKey(node))
    this.#nodes.addHandler({
      add: (node) => {
        this.#occupy(node)
        enqueue(node)
      },
      update: (old, node) => {
        if (old.spec?.podCIDR !== node.spec?.podCIDR) this.#occupy(node)
        if (!node.spec?.podCIDR) enqueue(node)
      },
      remove: (node) => this.#release(node),
    })
  }

  #occupy(node: Node): void {
    for (const cidr of node.spec?.podCIDRs ?? []) {
      const range = parseCidr(cidr)
      for (const set of this.#sets) set.occupy(range)
    }
  }

  #release(node: Node): void {
    const given = this.#given.get(node.metadata.name) ?? []
    this.#given.delete(node.metadata.name)
    for (const cidr of new Set([...(node.spec?.podCIDRs ?? []), ...given])) {
      const range = parseCidr(cidr)
      for (const set of this.#sets) set.release(range)
    }
  }

  async #reconcile(name: string): Promise<Result> {
    const node = this.#nodes.lister.get(name)
    if (!node || (node.spec?.podCIDRs ?? []).length > 0) return done
    const podCIDRs = this.#given.get(name) ?? this.#take(node)
    this.#given.set(name, podCIDRs)
    try {
      await this.#deps.client
        .resource(nodes)
        .patch(name, 'strategic', { spec: { podCIDR: podCIDRs[0], podCIDRs } })
    } catch (error) {
      if (isNotFound(error)) return done
      throw error
    }
    return done
  }

  #take(node: Node): string[] {
    const taken: string[] = []
    for (const set of this.#sets) {
      const cidr = set.take()
      if (!cidr) {
        const message = `Node ${node.metadata.name} status is now: CIDRNotAvailable`
        this.#deps.recorder.record(node, 'Normal', 'CIDRNotAvailable', message)
        for (const piece of taken) for (const other of this.#sets) other.release(parseCidr(piece))
        throw new Error('CIDR allocation failed; there are no remaining CIDRs left to allocate')
      }
      taken.push(formatCidr(cidr))
    }
    return taken
  }
}

/** The ranges that the flags describe; none without --allocate-node-cidrs. Throws FlagError. */
export function clusterCidrSets(flags: ControllerManagerFlags): CidrSet[] | undefined {
  if (!flags['allocate-node-cidrs']) return undefined
  if (flags['cluster-cidr'].length === 0)
    throw new FlagError('--cluster-cidr is needed with --allocate-node-cidrs')
  try {
    const sets = flags['cluster-cidr'].map((text) => {
      const cidr = parseCidr(text)
      const maskSize = nodeMaskSize(flags, cidr.family)
      if (maskSize < cidr.maskSize)
        throw new FlagError(`--node-cidr-mask-size: /${maskSize} is larger than ${text}`)
      return new CidrSet(cidr, maskSize)
    })
    for (const text of flags['service-cluster-ip-range'])
      for (const set of sets) set.occupy(parseCidr(text))
    return sets
  } catch (error) {
    if (error instanceof CidrError) throw new FlagError(error.message)
    throw error
  }
}

function nodeMaskSize(flags: ControllerManagerFlags, family: 'IPv4' | 'IPv6'): number {
  const own = flags[family === 'IPv4' ? 'node-cidr-mask-size-ipv4' : 'node-cidr-mask-size-ipv6']
  return own || flags['node-cidr-mask-size'] || (family === 'IPv4' ? 24 : 64)
}
