import { deepEqual, isAlreadyExists, nodes } from '@kemu/api'
import type { Node, NodeStatus, ObjectReference } from '@kemu/api'
import { Backoff, sleep } from '@kemu/base'
import type { Clock, Logger, Random, Timer } from '@kemu/base'
import { Informer } from '@kemu/client'
import type { Client, EventRecorder } from '@kemu/client'
import { NodeLease } from './node-lease.ts'
import { defaultLabels, initialNode, nodeStatus } from './node-status.ts'
import type { NodeFacts, Registration } from './node-status.ts'
import { statusPatch } from '../status/status-patch.ts'

export interface NodeAgentDeps {
  readonly clock: Clock
  readonly random: Random
  readonly logger: Logger
  readonly recorder: EventRecorder
  readonly facts: () => NodeFacts
  readonly registration: Registration
  readonly registerNode: boolean
  /** How often the status is looked at, and how often it is told when nothing changed. */
  readonly updateMs: number
  readonly reportMs: number
  readonly leaseDurationSeconds: number
  readonly podCidrChanged: (podCidrs: readonly string[]) => void
}

/** Between attempts to register; upstream starts at 0.1 s too and grows to 7 s. */
const registerRetry = { initialMs: 50, maxMs: 300 }

/** This machine as a Node of the API: registered, told how it is, and kept alive by its lease. */
export class NodeAgent {
  readonly #deps: NodeAgentDeps
  readonly #stop = new AbortController()
  #client: Client | undefined
  #informer: Informer<Node> | undefined
  #lease: NodeLease | undefined
  #node: Node | undefined
  #timer: Timer | undefined
  #lastReportMs = Number.NEGATIVE_INFINITY
  #updating: Promise<void> | undefined
  #again = false
  #toldCidrs = ''
  #announced = new Map<string, string>()
  #gapsAnnounced = false

  constructor(deps: NodeAgentDeps) {
    this.#deps = deps
  }

  /** The Node as the API last showed it; undefined before it is registered. */
  get node(): Node | undefined {
    return this.#node
  }

  /** What events of the node involve: its name stands for its UID, as upstream has it. */
  get reference(): ObjectReference {
    const { name } = this.#deps.facts()
    return { kind: 'Node', name, uid: name, apiVersion: 'v1' }
  }

  async connect(client: Client): Promise<void> {
    this.#client = client
    const { registerNode, facts, clock, random, logger, updateMs } = this.#deps
    const { name } = facts()
    if (registerNode) await this.#register(client)
    if (this.#stop.signal.aborted) return
    this.#lease = new NodeLease(
      { client, clock, logger, node: () => this.#node },
      name,
      this.#deps.leaseDurationSeconds,
    )
    this.#lease.start()
    const options = { fieldSelector: `metadata.name=${name}` }
    this.#informer = new Informer(client, nodes, options, { clock, random, logger })
    const see = (node: Node): void => this.#see(node)
    this.#informer.addHandler({ add: see, update: (_old, node) => see(node) })
    this.#informer.start()
    this.#timer = clock.setPeriodic(updateMs, () => this.update())
    this.update()
  }

  async close(): Promise<void> {
    this.#stop.abort()
    this.#timer?.cancel()
    this.#lease?.close()
    await this.#informer?.close()
  }

  /** Something about the node may have changed: tell it now if so. */
  update(): void {
    if (!this.#node || this.#stop.signal.aborted) return
    this.#announceGaps()
    if (this.#updating) {
      this.#again = true
      return
    }
    this.#updating = this.#tell()
      .catch((error: unknown) =>
        this.#deps.logger.warn('Error updating node status, will retry', { err: error as Error }),
      )
      .finally(() => {
        this.#updating = undefined
        if (!this.#again) return
        this.#again = false
        this.update()
      })
  }

  async #register(client: Client): Promise<void> {
    const { logger, clock, random, recorder } = this.#deps
    const { signal } = this.#stop
    const backoff = new Backoff(registerRetry, random)
    recorder.record(this.reference, 'Normal', 'Starting', 'Starting kubelet.')
    while (!signal.aborted) {
      try {
        this.#see(await this.#tryRegister(client))
        logger.info('Successfully registered node', { node: this.#deps.facts().name })
        return
      } catch (error) {
        const delayMs = backoff.nextMs()
        logger.warn('Unable to register node with API server', { delayMs, err: error as Error })
        await sleep(clock, delayMs, signal)
      }
    }
  }

  async #tryRegister(client: Client): Promise<Node> {
    const { facts, registration, clock } = this.#deps
    const now = facts()
    const draft = initialNode(now, registration, clock.now())
    try {
      const node = await client.resource(nodes).create(draft)
      this.#announce(draft.status as NodeStatus)
      this.#lastReportMs = clock.monotonicMs()
      return node
    } catch (error) {
      if (!isAlreadyExists(error)) throw error
    }
    const standing = await client.resource(nodes).get(now.name)
    for (const { type, status } of standing.status.conditions ?? [])
      this.#announced.set(type, status)
    const labels = defaultLabels(now.hostname, now.machine.architecture)
    const wrong = Object.entries(labels).filter(([k, v]) => standing.metadata.labels?.[k] !== v)
    if (wrong.length === 0) return standing
    const patch = { metadata: { labels: Object.fromEntries(wrong) } }
    return client.resource(nodes).patch(now.name, 'strategic', patch)
  }

  #see(node: Node): void {
    this.#node = node
    const cidrs = node.spec.podCIDRs ?? (node.spec.podCIDR ? [node.spec.podCIDR] : [])
    if (cidrs.length === 0 || cidrs.join() === this.#toldCidrs) return
    this.#toldCidrs = cidrs.join()
    this.#deps.podCidrChanged(cidrs)
  }

  async #tell(): Promise<void> {
    const { facts, clock, reportMs } = this.#deps
    const old = this.#node!.status
    const next = nodeStatus(facts(), old, clock.now())
    const isDue = clock.monotonicMs() - this.#lastReportMs >= reportMs
    if (!isDue && deepEqual(withoutHeartbeat(old), withoutHeartbeat(next))) return
    const patch = nodeStatusPatch(old, next)
    const answer = await this.#client!
      .resource(nodes)
      .patchStatus(facts().name, 'strategic', { status: patch })
    this.#lastReportMs = clock.monotonicMs()
    this.#announce(next)
    if (answer.status) this.#see(answer)
  }

  /** Once: what is accepted on this node and nothing enforces. */
  #announceGaps(): void {
    const { limits, securityContexts } = this.#deps.facts().runtime.gaps
    if (this.#gapsAnnounced || (limits ?? securityContexts) === undefined) return
    this.#gapsAnnounced = true
    const tell = (reason: string, subject: string, gap: string | undefined): void => {
      const message = `${subject} are accepted and not enforced: ${gap}`
      if (gap !== undefined) this.#deps.recorder.record(this.reference, 'Warning', reason, message)
    }
    tell('LimitsNotEnforced', 'Limits of containers', limits)
    tell('SecurityContextNotEnforced', 'Parts of security contexts', securityContexts)
  }

  /** One event for each condition that turned. */
  #announce(status: NodeStatus): void {
    const { recorder, facts } = this.#deps
    for (const { type, status: value } of status.conditions ?? []) {
      if (this.#announced.get(type) === value) continue
      const isFirst = !this.#announced.has(type)
      this.#announced.set(type, value)
      const reason = eventReason(type, value)
      if (!reason || (type === 'Ready' && isFirst && value !== 'True')) continue
      const message = `Node ${facts().name} status is now: ${reason}`
      recorder.record(this.reference, 'Normal', reason, message)
    }
  }
}

function eventReason(type: string, status: string): string | undefined {
  switch (type) {
    case 'Ready':
      return status === 'True' ? 'NodeReady' : 'NodeNotReady'
    case 'MemoryPressure':
      return 'NodeHasSufficientMemory'
    case 'DiskPressure':
      return 'NodeHasNoDiskPressure'
    case 'PIDPressure':
      return 'NodeHasSufficientPID'
    default:
      return undefined
  }
}

/** Own fields only: what volumes are attached is the attach controller's to say. */
function nodeStatusPatch(old: NodeStatus, next: NodeStatus): Readonly<Record<string, unknown>> {
  const { addresses: before, ...rest } = ownFields(old)
  const { addresses, ...others } = next
  const patch = statusPatch(rest, others)
  // Addresses merge by type, and there may be two of one type: replace them all
  // (nodeutil.fixupPatch).
  if (deepEqual(before, addresses)) return patch ?? {}
  return { ...patch, addresses: [...(addresses ?? []), { $patch: 'replace' }] }
}

function ownFields(status: NodeStatus): NodeStatus {
  const { volumesAttached: _a, volumesInUse: _u, config: _c, declaredFeatures: _d, ...own } = status
  return own
}

function withoutHeartbeat(status: NodeStatus): object {
  const conditions = (status.conditions ?? []).map((c) => ({ ...c, lastHeartbeatTime: undefined }))
  return { ...ownFields(status), conditions }
}
