import { deepCopy, deepEqual, formatTime, isNotFound, isConflict, pods } from '@kemu/api'
import type { Pod, PodCondition, PodStatus } from '@kemu/api'
import { Backoff } from '@kemu/base'
import type { Clock, Logger, Random, Timer } from '@kemu/base'
import type { Client } from '@kemu/client'
import { isTerminal } from '../sync/pod-spec.ts'
import { isKubeletCondition } from './conditions.ts'
import { isStaticPod } from './phase.ts'
import { statusPatch } from './status-patch.ts'

export interface StatusManagerDeps {
  readonly clock: Clock
  readonly random: Random
  readonly logger: Logger
  /** The pod as the API has it (a static pod's mirror); undefined while it has none. */
  readonly apiPodOf: (podUid: string) => Pod | undefined
}

interface Entry {
  pod: Pod
  status: PodStatus
  /** Changes with each new status. */
  version: number
  /** The version that the API has. */
  writtenVersion: number
  /** The API answered this version with something else; saying it again would go on for ever. */
  refusedVersion: number
  /** Nothing of the pod is left on the node. */
  finished: boolean
  deleted: boolean
  writing: boolean
  retry: Timer | undefined
  readonly backoff: Backoff
}

/** How soon a refused write is tried again; upstream waits for its next batch, at most 10 s. */
const retry = { initialMs: 200, maxMs: 10_000, jitter: 0.2 }

/**
 * What this node says of its pods: remembers it, stamps its transitions, and brings it to the API,
 * one write at a time for each pod and always the latest. Deletes a pod from the API when it was
 * asked to end and has ended.
 */
export class StatusManager {
  readonly #deps: StatusManagerDeps
  readonly #entries = new Map<string, Entry>()
  /** What the API answered last, which is often newer than what the watch has shown. */
  readonly #answers = new Map<string, Pod>()
  #client: Client | undefined
  #closed = false

  constructor(deps: StatusManagerDeps) {
    this.#deps = deps
  }

  /** From now on statuses are written; what was said before is written now. */
  connect(client: Client): void {
    this.#client = client
    for (const uid of this.#entries.keys()) this.#write(uid)
  }

  close(): void {
    this.#closed = true
    for (const { retry: timer } of this.#entries.values()) timer?.cancel()
  }

  /** The last status set here; undefined for a pod that nothing was said of. */
  get(podUid: string): PodStatus | undefined {
    return this.#entries.get(podUid)?.status
  }

  set(pod: Pod, draft: PodStatus): void {
    const { uid } = pod.metadata
    const standing = this.#entries.get(uid)
    const old = standing?.status ?? pod.status
    const status = this.#stamped(old, draft)
    if (!standing) {
      this.#entries.set(uid, this.#newEntry(pod, status))
    } else {
      standing.pod = pod
      if (deepEqual(standing.status, status)) return
      standing.status = status
      standing.version += 1
    }
    this.#write(uid)
  }

  /** The pod has ended for good and nothing of it is left here. */
  finish(pod: Pod): void {
    const entry = this.#entries.get(pod.metadata.uid)
    if (!entry) return
    entry.pod = pod
    entry.finished = true
    this.#write(pod.metadata.uid)
  }

  /** The API's pod or mirror changed: is what we said still what it has? */
  refresh(podUid: string): void {
    const entry = this.#entries.get(podUid)
    if (!entry) return
    const { apiPodOf } = this.#deps
    const pod = apiPodOf(podUid)
    const isSettled = entry.writtenVersion === entry.version
    const mayRepeat = entry.refusedVersion !== entry.version
    if (pod && isSettled && mayRepeat && this.#patchOf(entry, pod.status ?? {}))
      entry.writtenVersion = -1
    this.#write(podUid)
  }

  /** The pod is gone from the API, and there is nobody to tell. */
  forget(podUid: string): void {
    this.#entries.get(podUid)?.retry?.cancel()
    this.#entries.delete(podUid)
    this.#answers.delete(podUid)
  }

  #newEntry(pod: Pod, status: PodStatus): Entry {
    return {
      pod,
      status,
      version: 1,
      writtenVersion: 0,
      refusedVersion: 0,
      finished: false,
      deleted: false,
      writing: false,
      retry: undefined,
      backoff: new Backoff(retry, this.#deps.random),
    }
  }

  #stamped(old: PodStatus, draft: PodStatus): PodStatus {
    const now = formatTime(this.#deps.clock.now())
    const conditions = (draft.conditions ?? []).map((condition): PodCondition => {
      const before = old.conditions?.find(({ type }) => type === condition.type)
      const same = before?.status === condition.status && before.lastTransitionTime
      const lastTransitionTime = same || condition.lastTransitionTime || now
      return { lastProbeTime: null, ...condition, lastTransitionTime } as unknown as PodCondition
    })
    return { ...draft, startTime: old.startTime ?? draft.startTime ?? now, conditions }
  }

  #write(uid: string): void {
    const entry = this.#entries.get(uid)
    if (!entry || entry.writing || this.#closed || !this.#client) return
    if (entry.writtenVersion === entry.version && !this.#mayDelete(entry)) return
    entry.retry?.cancel()
    entry.retry = undefined
    entry.writing = true
    this.#bring(uid, entry).then(
      () => {
        entry.writing = false
        entry.backoff.reset()
        this.#write(uid)
      },
      (error: unknown) => {
        entry.writing = false
        if (isNotFound(error)) {
          this.#deps.logger.debug('Pod is gone from the API', { pod: entry.pod.metadata.name })
          entry.writtenVersion = entry.version
          entry.deleted = true
          return
        }
        const delayMs = entry.backoff.nextMs()
        if (isConflict(error)) this.#answers.delete(uid)
        this.#deps.logger.warn('Pod status was not written', {
          pod: entry.pod.metadata.name,
          delayMs,
          err: error as Error,
        })
        entry.retry = this.#deps.clock.setTimer(delayMs, () => this.#write(uid))
      },
    )
  }

  async #bring(uid: string, entry: Entry): Promise<void> {
    const standing = this.#latest(uid)
    if (!standing) {
      // A static pod without its mirror yet: `refresh` comes when it is there.
      entry.writtenVersion = entry.version
      return
    }
    const { version } = entry
    const { name, namespace, uid: apiUid } = standing.metadata
    const client = this.#client!.resource(pods, namespace)
    const patch = this.#patchOf(entry, standing.status ?? {})
    if (patch) {
      const body = { metadata: { uid: apiUid }, status: patch }
      const answer = await client.patchStatus(name, 'strategic', body)
      if (answer.metadata?.uid) this.#answers.set(uid, answer)
      const rest = answer.status && this.#patchOf(entry, answer.status)
      // Another remainder than what was said: the API had something else than we knew of, for a
      // write of ours had lost its answer, or others wrote. Go on from the answer.
      if (rest && !deepEqual(rest, patch)) return
      if (rest) entry.refusedVersion = version
    }
    entry.writtenVersion = version
    if (!this.#mayDelete(entry) || entry.version !== version) return
    await client.delete(name, { gracePeriodSeconds: 0, preconditions: { uid: apiUid } })
    entry.deleted = true
  }

  #mayDelete({ pod, finished, deleted }: Entry): boolean {
    if (!finished || deleted || isStaticPod(pod)) return false
    return this.#latest(pod.metadata.uid)?.metadata.deletionTimestamp !== undefined
  }

  #latest(uid: string): Pod | undefined {
    const watched = this.#deps.apiPodOf(uid)
    const answered = this.#answers.get(uid)
    if (!watched || !answered || watched.metadata.uid !== answered.metadata.uid) return watched
    return isNewer(answered, watched) ? answered : watched
  }

  #patchOf(entry: Entry, standing: PodStatus): Readonly<Record<string, unknown>> | undefined {
    return statusPatch(standing, mergedStatus(standing, entry.status))
  }
}

/** resourceVersions of one resource may be compared as numbers (KEP-5504). */
function isNewer(a: Pod, b: Pod): boolean {
  const [left, right] = [a.metadata.resourceVersion, b.metadata.resourceVersion]
  return left.length === right.length ? left > right : left.length > right.length
}

/** What others said of the pod stays; a finished pod is never unfinished (mergePodStatus). */
function mergedStatus(standing: PodStatus, own: PodStatus): PodStatus {
  const foreign = (standing.conditions ?? []).filter(
    ({ type }) => !isKubeletCondition(type) && !(own.conditions ?? []).some((c) => c.type === type),
  )
  const merged: PodStatus = {
    ...own,
    conditions: [...foreign, ...(own.conditions ?? [])],
    ...(standing.nominatedNodeName && { nominatedNodeName: standing.nominatedNodeName }),
    ...(standing.resourceClaimStatuses && {
      resourceClaimStatuses: standing.resourceClaimStatuses,
    }),
    ...(standing.qosClass && { qosClass: standing.qosClass }),
  }
  if (isTerminal(standing.phase) && !isTerminal(own.phase)) merged.phase = standing.phase!
  return deepCopy(merged)
}
