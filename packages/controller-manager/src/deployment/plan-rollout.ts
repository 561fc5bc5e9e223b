import { deepEqual, isPodTerminal } from '@kemu/api'
import type { Deployment, DeploymentCondition, Draft, Pod, ReplicaSet } from '@kemu/api'
import { templateHash } from '../pods/pod-template-hash.ts'
import {
  conditionOf,
  deploymentComplete,
  progressDeadlineMs,
  replaceCondition,
  setCondition,
} from './conditions.ts'
import type { ConditionText } from './conditions.ts'
import { familyOf, newReplicaSet } from './replica-set-family.ts'
import { annotations, isRolling, newSetAnnotations, revisionOf } from './revision.ts'
import { newestSize, planRolling } from './rolling.ts'
import { countStatus, deadlineCheckAfterMs, omitZeros, rolloutStatus } from './rollout-status.ts'
import { sameStatus } from './rollout-status.ts'
import { isScalingEvent, planScaling, scaledSet, Sizing } from './sizing.ts'

export interface RolloutInput {
  readonly deployment: Deployment
  /** The ReplicaSets that the Deployment owns. */
  readonly sets: readonly ReplicaSet[]
  /** The pods of a ReplicaSet, by its uid; asked for only with strategy Recreate. */
  readonly podsOf: (uid: string) => readonly Pod[]
  readonly nowMs: number
}

/** What to write, in this order. Every part may be absent. */
export interface RolloutPlan {
  readonly create?: { readonly set: Draft<ReplicaSet>; readonly replicas: number }
  readonly updates: readonly { readonly set: ReplicaSet; readonly from: number }[]
  readonly deletions: readonly ReplicaSet[]
  /** The Deployment with its new status and revision annotation. */
  readonly status?: Deployment
  /** When to look at the progress deadline again. */
  readonly checkAfterMs?: number
}

/** One pass over a Deployment, pure: same objects, same time, same plan. */
export function planRollout(input: RolloutInput): RolloutPlan {
  const { deployment, sets } = input
  const family = familyOf(deployment, sets)
  const draft = new RolloutDraft(input, family.newest, family.old)
  if (deployment.metadata.deletionTimestamp !== undefined) return draft.finish('counts')
  draft.notePause()
  if (deployment.spec.paused || isScalingEvent(deployment, sets)) {
    draft.reviseNewest()
    draft.scale()
    if (deployment.spec.paused) draft.cleanUp()
    return draft.finish('counts')
  }
  if (isRolling(deployment)) {
    draft.ensureNewest()
    draft.roll()
  } else draft.recreate()
  if (deploymentComplete(deployment, deployment.status)) draft.cleanUp()
  return draft.finish('rollout')
}

const unborn = 'not created yet'

/** A plan in the making. */
class RolloutDraft {
  readonly #input: RolloutInput
  readonly #deployment: Deployment
  readonly #old: readonly ReplicaSet[]
  readonly #sizing = new Sizing()
  readonly #annotated = new Map<string, ReplicaSet>()
  #newest: ReplicaSet | undefined
  #conditions: DeploymentCondition[]
  #revision: string | undefined
  #create: RolloutPlan['create']
  #deletions: ReplicaSet[] = []

  constructor(input: RolloutInput, newest: ReplicaSet | undefined, old: readonly ReplicaSet[]) {
    this.#input = input
    this.#deployment = input.deployment
    this.#newest = newest
    this.#old = old
    this.#conditions = [...(input.deployment.status.conditions ?? [])]
  }

  /** Tells of a pause and of its end, so that the progress deadline does not count meanwhile. */
  notePause(): void {
    const { spec } = this.#deployment
    if (progressDeadlineMs(this.#deployment) === undefined) return
    const current = conditionOf(this.#conditions, 'Progressing')
    if (current?.reason === 'ProgressDeadlineExceeded') return
    const told = current?.reason === 'DeploymentPaused'
    if (spec.paused && !told) this.#progress('Unknown', 'DeploymentPaused', 'Deployment is paused')
    if (!spec.paused && told)
      this.#progress('Unknown', 'DeploymentResumed', 'Deployment is resumed')
  }

  /** Brings annotations and minReadySeconds of the newest set up to date, where there is one. */
  reviseNewest(): void {
    const newest = this.#newest
    if (!newest) return
    const revision = this.#nextRevision()
    const wanted = newSetAnnotations(this.#deployment, newest.metadata, revision)
    const minReadySeconds = this.#deployment.spec.minReadySeconds ?? 0
    const same =
      deepEqual(wanted, newest.metadata.annotations ?? {}) &&
      (newest.spec.minReadySeconds ?? 0) === minReadySeconds
    if (!same) {
      const { minReadySeconds: _, ...spec } = newest.spec
      this.#annotated.set(newest.metadata.uid, {
        ...newest,
        metadata: { ...newest.metadata, annotations: wanted },
        spec: { ...spec, ...(minReadySeconds > 0 && { minReadySeconds }) },
      })
    }
    this.#revision = wanted[annotations.revision]
    if (conditionOf(this.#conditions, 'Progressing')) return
    const name = newest.metadata.name
    this.#progress('True', 'FoundNewReplicaSet', `Found new replica set "${name}"`)
  }

  ensureNewest(): void {
    if (this.#newest) return this.reviseNewest()
    const deployment = this.#deployment
    const hash = templateHash(deployment.spec.template, deployment.status.collisionCount)
    const revision = this.#nextRevision()
    const replicas = newestSize(deployment, 0, this.#sizing.total(this.#old))
    const set = newReplicaSet(
      deployment,
      hash,
      replicas,
      newSetAnnotations(deployment, undefined, revision),
    )
    this.#create = { set, replicas }
    this.#newest = {
      ...set,
      metadata: { ...set.metadata, name: set.metadata.name!, uid: unborn },
      status: { replicas: 0 },
    } as ReplicaSet
    this.#revision = String(revision)
    this.#progress('True', 'NewReplicaSetCreated', `Created new replica set "${set.metadata.name}"`)
  }

  scale(): void {
    planScaling(this.#deployment, this.#newest, this.#old, this.#sizing)
  }

  roll(): void {
    planRolling(this.#deployment, this.#newest!, this.#old, this.#sizing)
  }

  /** Everything old must be gone before anything new starts. */
  recreate(): void {
    this.reviseNewest()
    const scaled = this.#old.filter((set) => this.#sizing.scale(set, 0))
    if (scaled.length > 0 || this.#oldPodsRun()) return
    this.ensureNewest()
    if (!this.#create) this.#sizing.scale(this.#newest!, this.#deployment.spec.replicas ?? 1)
  }

  /** Old sets without pods beyond the history limit go, the oldest revisions first. */
  cleanUp(): void {
    const limit = this.#deployment.spec.revisionHistoryLimit ?? 10
    const old = this.#old.filter((set) => set.metadata.deletionTimestamp === undefined)
    const surplus = old.length - limit
    if (surplus <= 0) return
    this.#deletions = old
      .sort((a, b) => (revisionOf(a.metadata) < revisionOf(b.metadata) ? -1 : 1))
      .slice(0, surplus)
      .filter(
        ({ metadata, spec, status }) =>
          status.replicas === 0 &&
          spec.replicas === 0 &&
          (metadata.generation ?? 0) <= (status.observedGeneration ?? 0),
      )
  }

  finish(kind: 'counts' | 'rollout'): RolloutPlan {
    const { nowMs } = this.#input
    const deployment = this.#deployment
    const input = {
      deployment,
      conditions: this.#conditions,
      newest: this.#newest,
      sets: [...this.#old, ...(this.#newest ? [this.#newest] : [])],
      sizing: this.#sizing,
      nowMs,
    }
    const status = kind === 'counts' ? countStatus(input) : rolloutStatus(input)
    const checkAfterMs =
      kind === 'rollout' ? deadlineCheckAfterMs(deployment, status, nowMs) : undefined
    const revised =
      this.#revision !== undefined &&
      this.#revision !== deployment.metadata.annotations?.[annotations.revision]
    const changed = revised || !sameStatus(deployment.status, status)
    return {
      ...(this.#create && { create: this.#create }),
      updates: this.#updates(),
      deletions: this.#deletions,
      ...(changed && { status: this.#withStatus(omitZeros(status)) }),
      ...(checkAfterMs !== undefined && { checkAfterMs }),
    }
  }

  #withStatus(status: Deployment['status']): Deployment {
    const { metadata } = this.#deployment
    const revision: Record<string, string> =
      this.#revision === undefined ? {} : { [annotations.revision]: this.#revision }
    return {
      ...this.#deployment,
      metadata: { ...metadata, annotations: { ...metadata.annotations, ...revision } },
      status,
    }
  }

  #updates(): RolloutPlan['updates'] {
    const scales = new Map(this.#sizing.scales.map((scale) => [scale.set.metadata.uid, scale]))
    const sets = [...this.#annotated.values()].map((set) => {
      const scale = scales.get(set.metadata.uid)
      scales.delete(set.metadata.uid)
      const from = set.spec.replicas ?? 1
      return { set: scale ? scaledSet(this.#deployment, set, scale.to) : set, from }
    })
    return [
      ...sets,
      ...[...scales.values()].map(({ set, to }) => ({
        set: scaledSet(this.#deployment, set, to),
        from: set.spec.replicas ?? 1,
      })),
    ]
  }

  #nextRevision(): bigint {
    const revisions = this.#old.map(({ metadata }) => revisionOf(metadata))
    return revisions.reduce((most, revision) => (revision > most ? revision : most), 0n) + 1n
  }

  #oldPodsRun(): boolean {
    if (this.#old.some((set) => set.status.replicas > 0)) return true
    return this.#old.some((set) =>
      this.#input.podsOf(set.metadata.uid).some((pod) => !isPodTerminal(pod)),
    )
  }

  #progress(status: ConditionText['status'], reason: string, message: string): void {
    if (progressDeadlineMs(this.#deployment) === undefined) return
    const text: ConditionText = { type: 'Progressing', status, reason, message }
    const { nowMs } = this.#input
    // A new set starts the deadline anew, even when the last one had the same reason.
    const set = reason === 'NewReplicaSetCreated' ? replaceCondition : setCondition
    this.#conditions = set(this.#conditions, text, nowMs)
  }
}
