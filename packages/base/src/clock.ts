/** A timer that was started; `cancel` after it fired does nothing. */
export interface Timer {
  cancel(): void
}

/**
 * Time as a constructor argument. Everything that waits or stamps takes a Clock, so that a simulation can run the
 * same code under virtual time. Only this file touches `Date.now` and the timers of Node.
 */
export interface Clock {
  /** Wall time in milliseconds since 1970. May jump; never measure a span with it. */
  now(): number
  /** A steady time in milliseconds with an arbitrary origin. */
  monotonicMs(): number
  setTimer(delayMs: number, fire: () => void): Timer
  /** Repeats until cancelled, the first time after one period. A slow `fire` does not pile up. */
  setPeriodic(periodMs: number, fire: () => void): Timer
}

/** Node delays above this fire at once; longer waits are cut into pieces. */
const longestDelayMs = 2 ** 31 - 1

export const systemClock: Clock = {
  now: () => Date.now(),
  monotonicMs: () => performance.now(),
  setTimer(delayMs, fire) {
    let handle: NodeJS.Timeout
    const arm = (leftMs: number): void => {
      handle =
        leftMs > longestDelayMs
          ? setTimeout(() => arm(leftMs - longestDelayMs), longestDelayMs)
          : setTimeout(fire, Math.max(0, leftMs))
    }
    arm(delayMs)
    return { cancel: () => clearTimeout(handle) }
  },
  setPeriodic(periodMs, fire) {
    const handle = setInterval(fire, Math.min(periodMs, longestDelayMs))
    return { cancel: () => clearInterval(handle) }
  },
}

/** Resolves after the delay, or at once with `false` when the signal aborts; `true` when the whole time passed. */
export function sleep(clock: Clock, delayMs: number, signal?: AbortSignal): Promise<boolean> {
  return new Promise((resolve) => {
    if (signal?.aborted) return resolve(false)
    const onAbort = (): void => {
      timer.cancel()
      resolve(false)
    }
    const timer = clock.setTimer(delayMs, () => {
      signal?.removeEventListener('abort', onAbort)
      resolve(true)
    })
    signal?.addEventListener('abort', onAbort, { once: true })
  })
}
