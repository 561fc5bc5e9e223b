import { sleep, systemClock } from '@kemu/base'
import { GrpcError } from '../grpc/status.ts'

const limitMs = 120_000
const pauseMs = 20

/** Asks again until it is not refused: on a busy machine members lose their leader now and then, as anywhere. */
export async function eventually<T>(action: () => Promise<T>): Promise<T> {
  const endMs = systemClock.monotonicMs() + limitMs
  for (;;) {
    try {
      return await action()
    } catch (error) {
      if (!(error instanceof GrpcError) || systemClock.monotonicMs() > endMs) throw error
      await sleep(systemClock, pauseMs)
    }
  }
}
