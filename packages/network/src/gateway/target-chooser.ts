import type { Clock, Random } from '@kemu/base'
import type { Place, PlaceChooser } from '../splice/place-chooser.ts'

/**
 * When every node has failed a connection they are asked again after this: behind a node's port the kernel chooses
 * another endpoint each time, and one that just ended is known to be gone by then.
 */
const againMs = 100

/** Chooses among the nodes that serve a port: any of them, at random, each once. */
export class TargetChooser implements PlaceChooser {
  readonly #targets: readonly Place[]
  readonly #deps: { readonly clock: Clock; readonly random: Random }

  constructor(targets: readonly Place[], deps: { readonly clock: Clock; readonly random: Random }) {
    this.#targets = targets
    this.#deps = deps
  }

  admits(): boolean {
    return true
  }

  choose(_client: string, tried: readonly Place[]): Place | undefined {
    const left = this.#targets.filter((target) => !tried.includes(target))
    return left.length === 0 ? undefined : left[this.#deps.random.int(left.length)]
  }

  connected(): void {}

  onceChanged(wake: () => void): () => void {
    const timer = this.#deps.clock.setTimer(againMs, wake)
    return () => timer.cancel()
  }
}
