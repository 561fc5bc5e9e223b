import type { Pod } from '@kemu/api'
import type { ObservedPod } from '../cri/observed-pod.ts'

export interface SandboxDecision {
  readonly changed: boolean
  /** Of the sandbox to make, or of the one that stands. */
  readonly attempt: number
  /** The standing one; '' when there is none worth naming. */
  readonly sandboxId: string
}

/** Does the pod need a (new) sandbox? Upstream: kuberuntime/util PodSandboxChanged. */
export function podSandboxChanged(pod: Pod, observed: ObservedPod): SandboxDecision {
  const newest = observed.sandboxes[0]
  if (!newest) return { changed: true, attempt: 0, sandboxId: '' }
  const another = { changed: true, attempt: newest.attempt + 1, sandboxId: newest.id }
  if (observed.sandboxes.filter((sandbox) => sandbox.ready).length > 1) return another
  if (!newest.ready) return another
  if (newest.hostNetwork !== (pod.spec.hostNetwork ?? false)) return { ...another, sandboxId: '' }
  if (!newest.hostNetwork && newest.ips.length === 0) return another
  return { changed: false, attempt: newest.attempt, sandboxId: newest.id }
}
