const pauseMsMin = 50
const pauseMsMax = 1000
const defaultLimitMs = 240_000

/**
 * Asks again until the answer satisfies (is not undefined, and nothing is thrown); the last failure is the error. It
 * pauses as long as the question took: a kubectl every moment would take the processor from what it waits for.
 */
export async function eventually<T>(
  what: string,
  ask: () => Promise<T | undefined> | T | undefined,
  limitMs = defaultLimitMs,
): Promise<T> {
  const endMs = performance.now() + limitMs
  let last: unknown = 'no answer'
  for (;;) {
    const askedAtMs = performance.now()
    try {
      const answer = await ask()
      if (answer !== undefined) return answer
    } catch (error) {
      last = error
    }
    const nowMs = performance.now()
    if (nowMs > endMs) break
    const pauseMs = Math.min(pauseMsMax, Math.max(pauseMsMin, nowMs - askedAtMs))
    await new Promise((resolve) => setTimeout(resolve, pauseMs))
  }
  throw new Error(
    `${what}: not within ${limitMs} ms (${last instanceof Error ? last.message : String(last)})`,
  )
}
