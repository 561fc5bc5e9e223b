import { sleep } from '@kemu/base'
import type { Clock, Logger } from '@kemu/base'
import type { Health } from '../health.ts'

/**
 * Work that begins when the server listens, under upstream's name for it; readiness waits for its
 * first success.
 */
export interface PostStartHook {
  readonly name: string
  run(): Promise<void>
}

const retryMs = 100

/** Runs the hooks side by side, each until it succeeds, and tells /readyz how far they are. */
export function startHooks(
  hooks: readonly PostStartHook[],
  deps: { readonly clock: Clock; readonly logger: Logger; readonly health: Health },
  signal: AbortSignal,
): void {
  for (const hook of hooks) {
    let finished = false
    deps.health.add({
      name: `poststarthook/${hook.name}`,
      check: () => (finished ? undefined : 'not finished'),
    })
    void runHook(hook, deps, signal).then((done) => (finished = done))
  }
}

async function runHook(
  hook: PostStartHook,
  { clock, logger }: { readonly clock: Clock; readonly logger: Logger },
  signal: AbortSignal,
): Promise<boolean> {
  while (!signal.aborted) {
    try {
      await hook.run()
      return true
    } catch (error) {
      if (signal.aborted) return false
      logger.warn('Post-start hook failed, will retry', { hook: hook.name, err: error })
      await sleep(clock, retryMs, signal)
    }
  }
  return false
}
