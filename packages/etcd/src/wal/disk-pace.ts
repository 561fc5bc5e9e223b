/** A write that takes longer than this should not keep the event loop waiting. */
const slowMs = 2
/** After a slow write the disk is given this many others before it is trusted again. */
const distrustedWrites = 64

/** Whether the disk has been quick enough lately to wait for it in place. */
export class DiskPace {
  #distrust = 0

  get isQuick(): boolean {
    if (this.#distrust === 0) return true
    this.#distrust -= 1
    return false
  }

  note(tookMs: number): void {
    if (tookMs > slowMs) this.#distrust = distrustedWrites
  }
}
