import type { Pod } from '@kemu/api'
import { isMirrorPod } from '../sources/static-pod.ts'
import { fullName } from '../sync/pod-spec.ts'
import { isStaticPod } from '../status/phase.ts'

/**
 * The pods that this node shall run, by UID, and the mirror pods that stand for static ones in the
 * API. Upstream counterpart: kubelet/pod Manager.
 */
export class PodRegistry {
  readonly #pods = new Map<string, Pod>()
  readonly #mirrors = new Map<string, Pod>()

  set(pod: Pod): void {
    if (isMirrorPod(pod)) this.#mirrors.set(fullName(pod), pod)
    else this.#pods.set(pod.metadata.uid, pod)
  }

  delete(pod: Pod): void {
    if (!isMirrorPod(pod)) this.#pods.delete(pod.metadata.uid)
    else if (this.#mirrors.get(fullName(pod))?.metadata.uid === pod.metadata.uid)
      this.#mirrors.delete(fullName(pod))
  }

  get(uid: string): Pod | undefined {
    return this.#pods.get(uid)
  }

  list(): Pod[] {
    return [...this.#pods.values()]
  }

  mirrors(): Pod[] {
    return [...this.#mirrors.values()]
  }

  mirrorOf(staticPod: Pod): Pod | undefined {
    return this.#mirrors.get(fullName(staticPod))
  }

  staticOf(mirror: Pod): Pod | undefined {
    return this.list().find((pod) => isStaticPod(pod) && fullName(pod) === fullName(mirror))
  }

  byName(namespace: string, name: string): Pod | undefined {
    return this.list().find(
      (pod) => pod.metadata.name === name && pod.metadata.namespace === namespace,
    )
  }

  /** The UID that the API knows the pod by: its mirror's for a static pod. */
  apiPodOf(pod: Pod): Pod | undefined {
    return isStaticPod(pod) ? this.mirrorOf(pod) : pod
  }
}
