import type { Container, LifecycleHandler, ObjectReference, Pod, Probe } from '@kemu/api'
import { sleep } from '@kemu/base'
import type { Clock, Logger } from '@kemu/base'
import type { EventRecorder } from '@kemu/client'
import { isCriNotFound } from '../cri/cri-error.ts'
import type { Cri } from '../cri/cri.ts'
import type { ObservedContainer, ObservedPod } from '../cri/observed-pod.ts'
import type { KillReason } from '../sync/pod-actions.ts'
import { containerReference, containerSpec } from '../sync/pod-spec.ts'
import type { LifecycleHooks } from './lifecycle-hooks.ts'
import { terminationOrder } from './termination-order.ts'

export interface ContainerKillerDeps {
  readonly cri: Cri
  readonly clock: Clock
  readonly logger: Logger
  readonly recorder: EventRecorder
  readonly hooks: LifecycleHooks
}

export interface KillOrder {
  /** Undefined when nothing but the containers is known of the pod any more. */
  readonly pod: Pod | undefined
  readonly container: ObservedContainer
  readonly podIp: string
  /** Text of the Killing event. */
  readonly message: string
  readonly reason: KillReason
  /** Overrides what pod and probe grant. */
  readonly graceSeconds?: number
  /** Resolves when it is this container's turn. */
  readonly turn?: Promise<unknown>
}

/** minimumGracePeriodInSeconds: always time for an orderly end. */
const graceSecondsMin = 2
const defaultGraceSeconds = 30
/** A runtime needs a moment of its own beyond the container's grace. */
const stopMarginMs = 120_000

/** Stops containers: hook, turn, signal, grace. Upstream counterpart: kuberuntime killContainer. */
export class ContainerKiller {
  readonly #deps: ContainerKillerDeps

  constructor(deps: ContainerKillerDeps) {
    this.#deps = deps
  }

  /** Stops every running container of the pod, sidecars last, then its sandboxes. */
  async killPod(pod: Pod | undefined, observed: ObservedPod, graceSeconds?: number): Promise<void> {
    const running = observed.containers.filter(
      ({ state }) => state === 'running' || state === 'unknown',
    )
    const order = pod
      ? terminationOrder(
          pod,
          running.map(({ name }) => name),
        )
      : new Map<string, readonly string[]>()
    const ends = new Map<string, Promise<void>>()
    const enders = new Map<string, () => void>()
    for (const { name } of running) ends.set(name, new Promise((end) => enders.set(name, end)))
    const results = await Promise.allSettled(
      running.map(async (container) => {
        const { name } = container
        const before = (order.get(name) ?? []).map((earlier) => ends.get(earlier)!)
        try {
          await this.kill({
            pod,
            container,
            podIp: observed.ips[0] ?? '',
            message: `Stopping container ${name}`,
            reason: 'Unknown',
            ...(graceSeconds !== undefined && { graceSeconds }),
            ...(before.length > 0 && { turn: Promise.all(before) }),
          })
        } finally {
          enders.get(name)!()
        }
      }),
    )
    const failed = results.find((result) => result.status === 'rejected')
    if (failed) throw failed.reason as Error
    for (const { id, ready } of observed.sandboxes)
      if (ready) await this.#deps.cri.runtime.StopPodSandbox({ podSandboxId: id })
  }

  async kill(order: KillOrder): Promise<void> {
    const { cri, clock, recorder } = this.#deps
    const { container } = order
    recorder.record(referenceOf(order), 'Normal', 'Killing', order.message)
    const graceMs = 1000 * (order.graceSeconds ?? grantedSeconds(order))
    const deadlineMs = clock.monotonicMs() + graceMs
    const leftMs = (): number => deadlineMs - clock.monotonicMs()
    const preStop = handlerOf(order)
    if (preStop && graceMs > 0) await this.#preStop(order, preStop, graceMs)
    if (order.turn && leftMs() > 0) await withinMs(clock, leftMs(), order.turn)
    const seconds = Math.max(graceSecondsMin, Math.ceil(leftMs() / 1000))
    try {
      await cri.runtime.StopContainer(
        { containerId: container.id, timeout: String(seconds) },
        { timeoutMs: seconds * 1000 + stopMarginMs },
      )
    } catch (error) {
      if (!isCriNotFound(error)) throw error
    }
  }

  async #preStop(order: KillOrder, handler: LifecycleHandler, graceMs: number): Promise<void> {
    const { hooks, logger, recorder, clock } = this.#deps
    const { container, podIp } = order
    const pod = order.pod ?? restoredPod(container)
    const spec = containerSpec(pod, container.name) ?? { name: container.name }
    const cut = new AbortController()
    const run = hooks
      .run({ pod, container: spec, containerId: container.id, podIp }, handler, cut.signal)
      .catch((error: unknown) => {
        if (cut.signal.aborted) return
        logger.warn('PreStop hook failed', { container: container.name, err: error as Error })
        recorder.record(referenceOf(order), 'Warning', 'FailedPreStopHook', 'PreStopHook failed')
      })
    await withinMs(clock, graceMs, run)
    cut.abort()
  }
}

async function withinMs(clock: Clock, ms: number, work: Promise<unknown>): Promise<void> {
  const done = new AbortController()
  await Promise.race([work, sleep(clock, ms, done.signal)])
  done.abort()
}

function handlerOf({ pod, container }: KillOrder): LifecycleHandler | undefined {
  if (!pod) return container.notes.preStop
  return containerSpec(pod, container.name)?.lifecycle?.preStop
}

/**
 * What the deletion, the pod, or for a failed probe the probe, grants (setTerminationGracePeriod).
 */
function grantedSeconds({ pod, container, reason }: KillOrder): number {
  if (!pod) {
    const { deletionGraceSeconds, terminationGraceSeconds } = container.notes
    return deletionGraceSeconds ?? terminationGraceSeconds ?? defaultGraceSeconds
  }
  const { deletionGracePeriodSeconds } = pod.metadata
  if (deletionGracePeriodSeconds !== undefined) return deletionGracePeriodSeconds
  const probe = probeBehind(containerSpec(pod, container.name), reason)
  return (
    probe?.terminationGracePeriodSeconds ??
    pod.spec.terminationGracePeriodSeconds ??
    defaultGraceSeconds
  )
}

function probeBehind(container: Container | undefined, reason: KillReason): Probe | undefined {
  switch (reason) {
    case 'StartupProbe':
      return container?.startupProbe
    case 'LivenessProbe':
      return container?.livenessProbe
    case 'FailedPostStartHook':
    case 'Unknown':
      return undefined
  }
}

function referenceOf({ pod, container }: KillOrder): ObjectReference {
  return containerReference(pod ?? restoredPod(container), container.name)
}

/** The little that a container's own labels and notes tell of its pod. */
function restoredPod({ name, pod, notes }: ObservedContainer): Pod {
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { ...pod, creationTimestamp: '', resourceVersion: '' },
    spec: {
      containers: [
        {
          name,
          ports: [...notes.ports],
          ...(notes.preStop && { lifecycle: { preStop: notes.preStop } }),
        },
      ],
    },
    status: {},
  }
}
