/** Resolves when the condition holds; looks again at each turn of the event loop, until the runner's time is up. */
export async function eventually(holds: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await holds())) await new Promise((resolve) => setImmediate(resolve))
}
