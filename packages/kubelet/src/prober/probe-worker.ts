import type { Container, Pod, Probe } from '@kemu/api'
import type { Clock, Random, Timer } from '@kemu/base'
import type { EventRecorder } from '@kemu/client'
import type { ObservedContainer } from '../cri/observed-pod.ts'
import { ProbeError } from '../probe/probe-outcome.ts'
import type { ProbeKind } from '../status/probe-status.ts'
import type { ProbeVerdict } from '../sync/pod-actions.ts'
import { containerReference } from '../sync/pod-spec.ts'
import { runProbe } from './run-probe.ts'
import type { ProbeRunnerDeps } from './run-probe.ts'

export interface ProbeWorkerDeps extends ProbeRunnerDeps {
  readonly clock: Clock
  readonly random: Random
  readonly recorder: EventRecorder
  /** A standing result changed. */
  readonly changed: (pod: Pod, kind: ProbeKind, verdict: ProbeVerdict) => void
}

/** What a worker may know of its pod at the moment. */
export interface ProbeSubject {
  readonly running: ObservedContainer
  readonly podIp: string
  /** Its startup probe has succeeded, or it has none. */
  readonly started: boolean
  /** It ran before this kubelet did. */
  readonly takenOver: boolean
}

const titles: Record<ProbeKind, string> = {
  startup: 'Startup',
  readiness: 'Readiness',
  liveness: 'Liveness',
}

/** How many probes of one kind a container had, by what they said. */
export interface ProbeCounts {
  readonly pod: Pod
  readonly container: string
  readonly kind: ProbeKind
  readonly counts: Readonly<Record<ProbeVerdict, number>>
}

/** What is assumed of a fresh container before its probe has spoken. */
const assumed: Record<ProbeKind, ProbeVerdict> = {
  startup: 'unknown',
  readiness: 'failure',
  liveness: 'success',
}

/** The first of the quick repeats. */
const soonMs = 50

/** maxProbeRetries: a probe that cannot be made is tried so often at once. */
const attemptsMax = 3

/**
 * Probes one container in one way as long as it lives. It sleeps between probes; a pod's sync tells
 * it about new starts and stops. Upstream counterpart: prober worker.
 */
export class ProbeWorker {
  readonly kind: ProbeKind
  readonly #deps: ProbeWorkerDeps
  readonly #probe: Probe
  #pod: Pod
  #container: Container
  #subject: ProbeSubject | undefined
  #containerId = ''
  #verdict: ProbeVerdict | undefined
  readonly #counts: Record<ProbeVerdict, number> = { success: 0, failure: 0, unknown: 0 }
  #lastResult: ProbeVerdict | undefined
  #streak = 0
  #onHold = false
  #timer: Timer | undefined
  #busy = false
  #stopped = false
  #toldUntilMs = Number.NEGATIVE_INFINITY

  constructor(
    deps: ProbeWorkerDeps,
    pod: Pod,
    container: Container,
    kind: ProbeKind,
    probe: Probe,
  ) {
    this.#deps = deps
    this.#pod = pod
    this.#container = container
    this.kind = kind
    this.#probe = probe
  }

  get counted(): ProbeCounts {
    return {
      pod: this.#pod,
      container: this.#container.name,
      kind: this.kind,
      counts: this.#counts,
    }
  }

  verdictOf(containerId: string): ProbeVerdict | undefined {
    return containerId === this.#containerId ? this.#verdict : undefined
  }

  /** The pod's present state; without a running container there is nothing to probe. */
  update(pod: Pod, container: Container, subject: ProbeSubject | undefined): void {
    this.#pod = pod
    this.#container = container
    const couldProbe = this.#mayProbe()
    this.#subject = subject
    if (!subject) {
      if (this.#containerId !== '' && this.kind !== 'liveness') this.#verdict = 'failure'
      this.#timer?.cancel()
      this.#timer = undefined
      return
    }
    if (subject.running.id !== this.#containerId) this.#takeOn(subject)
    if (this.#mayProbe() && (!couldProbe || !this.#timer)) this.#schedule(this.#initialDelayMs())
  }

  stop(): void {
    this.#stopped = true
    this.#timer?.cancel()
  }

  #takeOn({ running, takenOver }: ProbeSubject): void {
    this.#timer?.cancel()
    this.#timer = undefined
    this.#containerId = running.id
    this.#onHold = false
    this.#lastResult = undefined
    this.#streak = 0
    this.#toldUntilMs = Number.NEGATIVE_INFINITY
    // A container that was ready stays ready until its probe says otherwise.
    this.#verdict = takenOver ? undefined : assumed[this.kind]
  }

  #mayProbe(): boolean {
    const subject = this.#subject
    if (this.#stopped || this.#onHold || !subject) return false
    const deleting = this.#pod.metadata.deletionTimestamp !== undefined
    if (deleting && this.kind !== 'readiness') return false
    return this.kind === 'startup' ? !subject.started : subject.started
  }

  #initialDelayMs(): number {
    const { clock, random } = this.#deps
    const { running, takenOver } = this.#subject!
    const dueAtMs = running.startedAtMs + (this.#probe.initialDelaySeconds ?? 0) * 1000
    // Adopted containers are not all probed at once.
    const spread = takenOver ? random.next() * this.#periodMs : 0
    return Math.max(spread, dueAtMs - clock.now())
  }

  get #periodMs(): number {
    return (this.#probe.periodSeconds ?? 10) * 1000
  }

  /**
   * A fresh container that is not ready yet is asked again soon, and later and later until its
   * period is reached: a server that needs 100 ms to listen shall not wait for the next period.
   */
  #nextMs(): number {
    const { running, takenOver } = this.#subject!
    const isOpening = this.kind === 'readiness' && this.#verdict !== 'success' && !takenOver
    if (!isOpening || this.#probe.exec) return this.#periodMs
    const ageMs = this.#deps.clock.now() - running.startedAtMs
    return Math.min(this.#periodMs, Math.max(soonMs, ageMs / 2))
  }

  #schedule(delayMs: number): void {
    this.#timer?.cancel()
    this.#timer = this.#deps.clock.setTimer(delayMs, () => void this.#tick())
  }

  async #tick(): Promise<void> {
    if (this.#busy || !this.#mayProbe()) {
      if (!this.#busy) this.#timer = undefined
      return
    }
    this.#busy = true
    const startedAtMs = this.#deps.clock.monotonicMs()
    const subject = this.#subject!
    try {
      const result = await this.#probeOnce(subject)
      this.#counts[result ?? 'unknown'] += 1
      if (result !== undefined && subject.running.id === this.#containerId) this.#take(result)
    } finally {
      this.#busy = false
      const tookMs = this.#deps.clock.monotonicMs() - startedAtMs
      if (this.#mayProbe()) this.#schedule(Math.max(0, this.#nextMs() - tookMs))
      else this.#timer = undefined
    }
  }

  /** Undefined when the probe could not be made: that says nothing about the container. */
  async #probeOnce(subject: ProbeSubject): Promise<ProbeVerdict | undefined> {
    const target = {
      container: this.#container,
      containerId: subject.running.id,
      podIp: subject.podIp,
    }
    let failure: unknown
    for (let attempt = 0; attempt < attemptsMax; attempt++) {
      try {
        const { result, output } = await runProbe(this.#deps, this.#probe, target)
        const title = titles[this.kind]
        if (result === 'failure') this.#tellFailure(`${title} probe failed: ${output}`)
        if (result === 'warning') this.#tell('ProbeWarning', `${title} probe warning: ${output}`)
        return result === 'failure' ? 'failure' : 'success'
      } catch (error) {
        failure = error
      }
    }
    if (!(failure instanceof ProbeError)) throw failure
    const title = titles[this.kind]
    this.#tell(
      'Unhealthy',
      `${title} probe errored and resulted in unknown state: ${failure.message}`,
    )
    return undefined
  }

  /** The quick repeats of a period are one failure to those who read events. */
  #tellFailure(message: string): void {
    const nowMs = this.#deps.clock.monotonicMs()
    if (nowMs < this.#toldUntilMs) return
    this.#toldUntilMs = nowMs + this.#periodMs * 0.9
    this.#tell('Unhealthy', message)
  }

  #take(result: ProbeVerdict): void {
    if (result === this.#lastResult) this.#streak += 1
    else {
      this.#lastResult = result
      this.#streak = 1
    }
    const { failureThreshold = 3, successThreshold = 1 } = this.#probe
    if (this.#streak < (result === 'failure' ? failureThreshold : successThreshold)) return
    const changed = this.#verdict !== result
    this.#verdict = result
    if (this.kind !== 'readiness' && result === 'failure') {
      // The container will be restarted; probing goes on with the next one.
      this.#onHold = true
      this.#streak = 0
    }
    if (this.kind === 'startup' && result === 'success') this.#streak = 0
    if (changed) this.#deps.changed(this.#pod, this.kind, result)
  }

  #tell(reason: string, message: string): void {
    if (this.#stopped) return
    const reference = containerReference(this.#pod, this.#container.name)
    this.#deps.recorder.record(reference, 'Warning', reason, message)
  }
}
