import type { PodInfo } from './cache/pod-info.ts'

/** Pods that wait for room which evictions make for them, by the node that they were promised. */
export class Nominator {
  readonly #nodes = new Map<string, Map<string, PodInfo>>()
  readonly #nodeOf = new Map<string, string>()

  set(pod: PodInfo, nodeName: string): void {
    this.delete(pod.uid)
    const pods = this.#nodes.get(nodeName) ?? new Map<string, PodInfo>()
    pods.set(pod.uid, pod)
    this.#nodes.set(nodeName, pods)
    this.#nodeOf.set(pod.uid, nodeName)
  }

  delete(uid: string): void {
    const nodeName = this.#nodeOf.get(uid)
    if (nodeName === undefined) return
    this.#nodeOf.delete(uid)
    const pods = this.#nodes.get(nodeName)!
    pods.delete(uid)
    if (pods.size === 0) this.#nodes.delete(nodeName)
  }

  nodeOf(uid: string): string | undefined {
    return this.#nodeOf.get(uid)
  }

  /** Pods promised to the node that matter at least as much as this one. */
  rivals(nodeName: string, pod: PodInfo): PodInfo[] {
    const pods = this.#nodes.get(nodeName)
    if (!pods) return []
    return [...pods.values()].filter((p) => p.uid !== pod.uid && p.priority >= pod.priority)
  }

  /** Pods promised to the node that matter less: a preemption there breaks the promise. */
  lesser(nodeName: string, pod: PodInfo): PodInfo[] {
    const pods = this.#nodes.get(nodeName)
    return pods ? [...pods.values()].filter((p) => p.priority < pod.priority) : []
  }
}
