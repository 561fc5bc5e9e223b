import type { Pod } from '@kemu/api'
import type { PodIdentity } from '../cri/observed-pod.ts'
import { isStaticPod } from '../status/phase.ts'
import { fullName } from '../sync/pod-spec.ts'
import { PodWorker } from './pod-worker.ts'
import type { PodKill, PodWorkerDeps } from './pod-worker.ts'

/**
 * The workers of this node by pod UID. A static pod waits until an older one of its name is gone.
 */
export class PodWorkers {
  readonly #deps: PodWorkerDeps
  readonly #workers = new Map<string, PodWorker>()
  readonly #waiting = new Map<string, Pod>()
  #closed = false

  constructor(deps: Omit<PodWorkerDeps, 'finished'>, finished: (worker: PodWorker) => void) {
    this.#deps = {
      ...deps,
      finished: (worker) => {
        finished(worker)
        this.#startWaiting()
      },
    }
  }

  get(podUid: string): PodWorker | undefined {
    return this.#workers.get(podUid)
  }

  list(): PodWorker[] {
    return [...this.#workers.values()]
  }

  /** The pod's wish as it stands now; starts its worker if it has none. */
  update(pod: Pod): void {
    const { uid } = pod.metadata
    const worker = this.#workers.get(uid)
    if (worker) worker.update(pod)
    else if (isStaticPod(pod) && this.#nameIsTaken(pod)) this.#waiting.set(uid, pod)
    else this.#start(identityOfPod(pod), pod)
  }

  /** Ends a pod that nobody wishes any more. */
  end(identity: PodIdentity, kill: PodKill): void {
    this.#waiting.delete(identity.uid)
    const worker = this.#workers.get(identity.uid)
    if (worker) worker.kill(kill)
    else this.#start(identity, undefined)
  }

  wake(podUid: string): void {
    this.#workers.get(podUid)?.wake()
  }

  /** Forgets a finished pod. */
  forget(podUid: string): void {
    const worker = this.#workers.get(podUid)
    if (worker?.state === 'finished') this.#workers.delete(podUid)
  }

  close(): void {
    this.#closed = true
    for (const worker of this.#workers.values()) worker.close()
  }

  #start(identity: PodIdentity, pod: Pod | undefined): void {
    if (this.#closed) return
    const worker = new PodWorker(this.#deps, identity, pod)
    this.#workers.set(identity.uid, worker)
    worker.wake()
  }

  #nameIsTaken(pod: Pod): boolean {
    return this.list().some(
      (worker) =>
        worker.state !== 'finished' &&
        worker.pod !== undefined &&
        isStaticPod(worker.pod) &&
        fullName(worker.pod) === fullName(pod),
    )
  }

  #startWaiting(): void {
    for (const [uid, pod] of this.#waiting) {
      if (this.#nameIsTaken(pod)) continue
      this.#waiting.delete(uid)
      this.#start(identityOfPod(pod), pod)
    }
  }
}

export function identityOfPod({ metadata }: Pod): PodIdentity {
  return { uid: metadata.uid, name: metadata.name, namespace: metadata.namespace ?? '' }
}
