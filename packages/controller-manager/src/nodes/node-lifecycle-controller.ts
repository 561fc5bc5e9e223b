import { formatTime, isNotFound, leases, nodes, objectKey, pods } from '@kemu/api'
import type { Lease, Node, Pod } from '@kemu/api'
import type { Informer } from '@kemu/client'
import {
  Controller,
  done,
  OneQueueController,
  podReady,
  requeueAfter,
  withPodCondition,
} from '@kemu/controller-runtime'
import type { Result } from '@kemu/controller-runtime'
import type { ControllerDeps } from '../controller-deps.ts'
import { graceMsOf, NodeHealth, readinessOf, silentConditions } from './node-health.ts'
import type { Readiness } from './node-health.ts'
import { hasNoExecuteTaint, noExecuteTaintOf, planNoExecuteTaints } from './node-taints.ts'
import { planNoScheduleTaints } from './node-taints.ts'
import { assessZones, zoneOf } from './zones.ts'
import type { DisruptionConfig, Zones } from './zones.ts'

export interface NodeLifecycleConfig extends DisruptionConfig {
  /** --node-monitor-grace-period. */
  readonly graceMs: number
  readonly startupGraceMs: number
  /** --node-monitor-period: how soon a step that could not be done is tried again. */
  readonly periodMs: number
}

const leaseNamespace = 'kube-node-lease'

/**
 * Watches that nodes give signs of life, marks those that fell silent, and taints nodes by their conditions. Upstream
 * looks at all nodes every five seconds; here each node is looked at when it tells something and when its grace ends.
 */
export class NodeLifecycleController extends OneQueueController {
  readonly #config: NodeLifecycleConfig
  readonly #deps: ControllerDeps
  readonly #nodes: Informer<Node>
  readonly #leases: Informer<Lease>
  readonly #pods: Informer<Pod>
  protected readonly controller: Controller
  readonly #health = new Map<string, NodeHealth>()
  /** Readiness that was acted on: events and pods' conditions are written when it changes. */
  readonly #told = new Map<string, Readiness>()
  readonly #evictedAtMs = new Map<string, number>()
  #allDown = false

  constructor(config: NodeLifecycleConfig, deps: ControllerDeps) {
    super()
    this.#config = config
    this.#deps = deps
    this.#nodes = deps.informers.of(nodes)
    this.#leases = deps.informers.of(leases, { namespace: leaseNamespace })
    this.#pods = deps.informers.of(pods)
    this.#pods.addIndex('nodeName', ({ spec }) => (spec.nodeName ? [spec.nodeName] : []))
    this.controller = new Controller(
      {
        name: 'node_lifecycle_controller',
        sources: [this.#nodes, this.#leases, this.#pods],
        reconcile: (key) => this.#reconcile(key),
        failureMsMax: config.periodMs,
      },
      deps,
    )
    this.#listen()
  }

  #listen(): void {
    const { clock, recorder } = this.#deps
    const observe = (node: Node, lease?: Lease): void => {
      const nowMs = clock.monotonicMs()
      const name = node.metadata.name
      const known = this.#health.get(name) ?? new NodeHealth(nowMs)
      this.#health.set(name, known)
      known.observe(node, lease ?? this.#leases.lister.get(`${leaseNamespace}/${name}`), nowMs)
    }
    this.#nodes.addHandler({
      add: (node) => {
        const { name } = node.metadata
        observe(node)
        const text = `Node ${name} event: Registered Node ${name} in Controller`
        recorder.record(nodeReference(node), 'Normal', 'RegisteredNode', text)
        this.controller.enqueue(objectKey(node))
      },
      update: (_, node) => {
        observe(node)
        this.controller.enqueue(objectKey(node))
      },
      remove: (node) => {
        const { name } = node.metadata
        for (const map of [this.#health, this.#told, this.#evictedAtMs]) map.delete(name)
        const text = `Node ${name} event: Removing Node ${name} from Controller`
        recorder.record(nodeReference(node), 'Normal', 'RemovingNode', text)
      },
    })
    const onLease = (lease: Lease): void => {
      const node = this.#nodes.lister.get(lease.metadata.name)
      if (!node) return
      observe(node, lease)
      // A living node needs no reconcile at each renewal; its timer looks at the time of the last one.
      if (readinessOf(node) === 'Unknown') this.controller.enqueue(objectKey(node))
    }
    this.#leases.addHandler({ add: onLease, update: (_, lease) => onLease(lease) })
  }

  async #reconcile(name: string): Promise<Result> {
    let node = this.#nodes.lister.get(name)
    const health = this.#health.get(name)
    if (!node || !health) return done
    const { clock } = this.#deps
    const leftMs = health.heardAtMs + graceMsOf(node, this.#config) - clock.monotonicMs()
    if (leftMs <= 0) node = await this.#markSilent(node)
    const zones = assessZones(this.#allWith(node), this.#config)
    this.#onDisruption(zones)
    const waitMs = await this.#taint(node, zones)
    await this.#tellReadiness(node)
    // A silent node is woken up by its lease or its status; only a pending taint needs a timer.
    if (waitMs !== undefined) return requeueAfter(waitMs)
    return leftMs > 0 ? requeueAfter(leftMs) : done
  }

  #allWith(node: Node): Node[] {
    const others = this.#nodes.lister.list().filter((n) => n.metadata.name !== node.metadata.name)
    return [...others, node]
  }

  async #markSilent(node: Node): Promise<Node> {
    const conditions = silentConditions(node, this.#deps.clock.now())
    if (!conditions) return node
    this.#deps.logger.info('Node fell silent', { node: node.metadata.name })
    return this.#deps.client
      .resource(nodes)
      .updateStatus({ ...node, status: { ...node.status, conditions } })
  }

  /** Everything went down at once, or comes back: taints that evict go, and every node's grace starts anew. */
  #onDisruption({ allDown }: Zones): void {
    if (allDown === this.#allDown) return
    this.#allDown = allDown
    if (allDown) this.#deps.logger.info('No node is healthy: nobody is evicted')
    const nowMs = this.#deps.clock.monotonicMs()
    for (const [name, health] of this.#health) {
      const node = this.#nodes.lister.get(name)
      if (!allDown && node && readinessOf(node) !== 'Unknown') health.forgive(nowMs)
      this.controller.enqueue(name)
    }
  }

  /** Brings the node's taints in line with its conditions; gives back how long the evicting one must wait. */
  async #taint(node: Node, zones: Zones): Promise<number | undefined> {
    const { clock } = this.#deps
    const nowMs = clock.now()
    const forNew = planNoScheduleTaints(node, nowMs)
    const marked = forNew ? { ...node, spec: { ...node.spec, taints: forNew } } : node
    const key = zones.allDown ? undefined : noExecuteTaintOf(node)
    const starts = key !== undefined && !hasNoExecuteTaint(node)
    const waitMs = starts ? this.#turnInMs(zoneOf(node), zones) : 0
    const forAll = waitMs > 0 ? undefined : planNoExecuteTaints(marked, key, nowMs)
    if (starts && forAll) this.#evictedAtMs.set(zoneOf(node), clock.monotonicMs())
    const taints = forAll ?? forNew
    if (taints) await this.#writeTaints(node, taints)
    return waitMs > 0 ? waitMs : undefined
  }

  /** One node of a zone at a time, at the zone's rate; the first at once. */
  #turnInMs(zone: string, { rates }: Zones): number {
    const rate = rates.get(zone) ?? 0
    if (rate === 0) return this.#config.periodMs
    const lastMs = this.#evictedAtMs.get(zone)
    if (lastMs === undefined) return 0
    return Math.max(0, lastMs + 1000 / rate - this.#deps.clock.monotonicMs())
  }

  async #writeTaints(node: Node, taints: Node['spec']['taints']): Promise<void> {
    // An update by resourceVersion: what somebody else just added must not be lost, nor our own last write.
    const spec = { ...node.spec, taints: taints ?? [] }
    await this.#deps.client.resource(nodes).update({ ...node, spec })
  }

  async #tellReadiness(node: Node): Promise<void> {
    const { name } = node.metadata
    const readiness = readinessOf(node)
    const told = this.#told.get(name)
    if (told === readiness) return
    if (readiness !== 'True') {
      if (told === 'True') {
        const text = `Node ${name} status is now: NodeNotReady`
        this.#deps.recorder.record(nodeReference(node), 'Normal', 'NodeNotReady', text)
      }
      await this.#markPodsNotReady(name)
    }
    this.#told.set(name, readiness)
  }

  async #markPodsNotReady(nodeName: string): Promise<void> {
    const { client, clock, recorder } = this.#deps
    const now = formatTime(clock.now())
    const ready = this.#pods.lister.byIndex('nodeName', nodeName).filter(podReady)
    const results = await Promise.allSettled(
      ready.map(async (pod) => {
        const conditions = withPodCondition(
          pod.status.conditions,
          { type: 'Ready', status: 'False' },
          now,
        )
        const { namespace, name } = pod.metadata
        recorder.record(pod, 'Warning', 'NodeNotReady', 'Node is not ready')
        await client.resource(pods, namespace).patchStatus(name, 'strategic', {
          status: { conditions: conditions.filter(({ type }) => type === 'Ready') },
        })
      }),
    )
    for (const result of results)
      if (result.status === 'rejected' && !isNotFound(result.reason)) throw result.reason as Error
  }
}

/** Upstream's events on nodes name the node as uid too; kubectl describe looks for both. */
function nodeReference({ metadata }: Node) {
  return { kind: 'Node', name: metadata.name, uid: metadata.uid, apiVersion: 'v1', namespace: '' }
}
