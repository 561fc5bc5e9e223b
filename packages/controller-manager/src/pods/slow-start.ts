/**
 * Runs `count` calls in batches of 1, 2, 4 ..., and stops after the first batch with a failure: when creating one pod
 * is refused for quota or admission, a thousand more tries would only flood the API (controller slowStartBatch).
 *
 * Returns how many succeeded, and the first error.
 */
export async function slowStart(
  count: number,
  call: (index: number) => Promise<void>,
): Promise<{ succeeded: number; error?: unknown }> {
  let done = 0
  for (let size = 1; done < count; size *= 2) {
    const batch = Math.min(size, count - done)
    const first = done
    const results = await Promise.allSettled(
      Array.from({ length: batch }, (_, i) => call(first + i)),
    )
    const failed = results.filter((result) => result.status === 'rejected')
    done += batch - failed.length
    if (failed.length > 0) return { succeeded: done, error: failed[0]!.reason as unknown }
  }
  return { succeeded: done }
}
