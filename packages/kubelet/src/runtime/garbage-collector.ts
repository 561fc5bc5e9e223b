import { readdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import type { Logger } from '@kemu/base'
import type { NodePaths } from '../config/node-paths.ts'
import { isCriNotFound } from '../cri/cri-error.ts'
import type { Cri } from '../cri/cri.ts'
import type { ObservedContainer, ObservedPod, PodIdentity } from '../cri/observed-pod.ts'
import type { MemoryMounts } from '../volumes/memory-mounts.ts'

export interface GarbageCollectorDeps {
  readonly cri: Cri
  readonly logger: Logger
  readonly paths: NodePaths
  readonly memory: MemoryMounts | undefined
}

/** MaxPerPodContainerCount: ended starts that are kept of each container, for its last log. */
const keptEnds = 1

/** Takes away what ended containers and pods leave behind. Upstream: containerGC. */
export class GarbageCollector {
  readonly #deps: GarbageCollectorDeps

  constructor(deps: GarbageCollectorDeps) {
    this.#deps = deps
  }

  /** Of a living pod: older starts of its containers and sandboxes that another replaced. */
  async prune(observed: ObservedPod): Promise<void> {
    const { runtime } = this.#deps.cri
    for (const { id } of surplusContainers(observed))
      await this.#attempt(runtime.RemoveContainer({ containerId: id }))
    const [, ...older] = observed.sandboxes
    for (const { id, ready } of older) {
      const isUsed = observed.containers.some(({ sandboxId }) => sandboxId === id)
      if (!ready && !isUsed) await this.#attempt(runtime.RemovePodSandbox({ podSandboxId: id }))
    }
  }

  /** Of a pod that nobody wishes any more: everything. */
  async removePod(observed: ObservedPod): Promise<void> {
    const { cri, paths } = this.#deps
    for (const { id } of observed.sandboxes)
      await this.#attempt(cri.runtime.RemovePodSandbox({ podSandboxId: id }))
    for (const { id } of observed.containers)
      await this.#attempt(cri.runtime.RemoveContainer({ containerId: id }))
    await this.removeFiles(observed)
    await rm(paths.podDir(observed.uid), { recursive: true, force: true })
  }

  async removeFiles({ namespace, name, uid }: PodIdentity): Promise<void> {
    const { paths } = this.#deps
    await rm(paths.podLogDir(namespace, name, uid), { recursive: true, force: true })
  }

  /**
   * Directories of pods that this kubelet never heard of: an earlier one was stopped in between.
   */
  async removeUnknown(isKnown: (podUid: string) => boolean): Promise<void> {
    const { paths, logger, memory } = this.#deps
    for (const uid of await readdir(paths.podsDir).catch(() => [])) {
      if (isKnown(uid)) continue
      logger.info('Removing the directory of a pod that is gone', { podUid: uid })
      await memory?.unmountBelow(paths.podDir(uid))
      await rm(paths.podDir(uid), { recursive: true, force: true })
    }
    for (const folder of await readdir(paths.podLogsDir).catch(() => [])) {
      const uid = folder.split('_')[2]
      if (uid === undefined || isKnown(uid)) continue
      await rm(join(paths.podLogsDir, folder), { recursive: true, force: true })
    }
  }

  async #attempt(answer: Promise<unknown>): Promise<void> {
    try {
      await answer
    } catch (error) {
      if (!isCriNotFound(error))
        this.#deps.logger.warn('Remains were not removed', { err: error as Error })
    }
  }
}

/** Ended containers beyond the newest end of each name. */
function surplusContainers(observed: ObservedPod): ObservedContainer[] {
  const kept = new Map<string, number>()
  return observed.containers.filter((container) => {
    if (container.state !== 'exited') return false
    const count = (kept.get(container.name) ?? 0) + 1
    kept.set(container.name, count)
    return count > keptEnds
  })
}
