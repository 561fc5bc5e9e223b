/** A write that takes longer than this should not keep the event loop waiting. */
const slowMs = 2

/** Whether the disk has been quick enough lately to wait for it in place: as quick as its last write was. */
export class DiskPace {
  #wasQuick = true

  get isQuick(): boolean {
    return this.#wasQuick
  }

  note(tookMs: number): void {
    this.#wasQuick = tookMs <= slowMs
  }
}
