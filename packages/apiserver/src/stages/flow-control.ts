import { statusError } from '@kemu/api'
import { isInGroup } from '../request/user-info.ts'
import type { RequestContext } from '../request/api-request.ts'
import type { ApiResponse } from '../request/api-response.ts'
import type { Next, Stage } from './stage.ts'

export interface FlowLimits {
  /** --max-requests-inflight: requests that only read. */
  readonly reading: number
  /** --max-mutating-requests-inflight */
  readonly writing: number
}

/** How many may wait for each that runs; more are turned away at once. */
const waitingPerSeat = 16

/**
 * Keeps the number of requests that are worked on at once within limits. Those above it wait in
 * order, and are turned away when too many wait. Watches and conversations do not count, and
 * system:masters never wait: somebody must be able to look at a server that is busy.
 */
export function flowControlStage(limits: FlowLimits): Stage {
  const reading = new Seats(limits.reading)
  const writing = new Seats(limits.writing)
  return async (context, next) => {
    if (isExempt(context)) return next()
    const seats = isWriting(context) ? writing : reading
    return seats.run(context.caller.signal, next)
  }
}

/** A number of seats, and a queue before them. */
class Seats {
  readonly #count: number
  #taken = 0
  readonly #waiting: (() => void)[] = []

  constructor(count: number) {
    this.#count = count
  }

  async run(signal: AbortSignal, next: Next): Promise<ApiResponse> {
    if (this.#taken < this.#count) this.#taken += 1
    else await this.#wait(signal)
    try {
      return await next()
    } finally {
      this.#leave()
    }
  }

  /** A seat is handed on, never free in between. */
  #leave(): void {
    const first = this.#waiting.shift()
    if (first) first()
    else this.#taken -= 1
  }

  #wait(signal: AbortSignal): Promise<void> {
    if (this.#waiting.length >= this.#count * waitingPerSeat) throw tooMany()
    return new Promise((resolve, reject) => {
      const onAbort = (): void => {
        const at = this.#waiting.indexOf(sit)
        if (at >= 0) this.#waiting.splice(at, 1)
        reject(tooMany())
      }
      const sit = (): void => {
        signal.removeEventListener('abort', onAbort)
        resolve()
      }
      signal.addEventListener('abort', onAbort, { once: true })
      this.#waiting.push(sit)
    })
  }
}

function isExempt({ request, user }: RequestContext): boolean {
  if (isInGroup(user, 'system:masters')) return true
  if (request.type === 'resource') return request.operation.verb === 'watch'
  return request.type === 'connect' || isProbe(request.path)
}

/** A busy server is no dead one. */
function isProbe(path: string): boolean {
  return /^\/(healthz|livez|readyz)(\/|$)/.test(path)
}

function isWriting({ request }: RequestContext): boolean {
  return request.type === 'resource' && !['get', 'list'].includes(request.operation.verb)
}

function tooMany(): Error {
  return statusError('TooManyRequests', 'Too many requests, please try again later.', {
    retryAfterSeconds: 1,
  })
}
