import type { Pod, Service } from '@kemu/api'
import { readyChangedAt } from './service-pods.ts'

export const triggerTimeAnnotation = 'endpoints.kubernetes.io/last-change-trigger-time'

/**
 * The time of the oldest change that an update of endpoints brings (upstream: TriggerTimeTracker): programming latency
 * is measured from it. RFC 3339 times compare as texts.
 */
export class TriggerTimes {
  readonly #seen = new Map<string, { created: string; byPod: Map<string, string> }>()

  /** undefined: nothing new that tells its time. */
  next(key: string, service: Service, pods: readonly Pod[]): string | undefined {
    const before = this.#seen.get(key)
    const created = service.metadata.creationTimestamp
    const byPod = new Map<string, string>()
    const news: string[] = before?.created === created ? [] : [created]
    for (const pod of pods) {
      const changedAt = readyChangedAt(pod)
      if (changedAt === undefined) continue
      byPod.set(pod.metadata.uid, changedAt)
      const known = before?.byPod.get(pod.metadata.uid)
      if (before && (known === undefined || changedAt > known)) news.push(changedAt)
    }
    this.#seen.set(key, { created, byPod })
    return news.sort()[0]
  }

  forget(key: string): void {
    this.#seen.delete(key)
  }
}
