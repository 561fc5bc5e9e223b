import type { RequestContext } from '../request/api-request.ts'
import type { ApiResponse } from '../request/api-response.ts'

export type Next = () => Promise<ApiResponse>

/** One step of a request's road: it refuses by throwing a StatusError, or passes on. */
export type Stage = (context: RequestContext, next: Next) => Promise<ApiResponse>

/** Runs the stages in order; the last one answers without passing on. */
export function runStages(stages: readonly Stage[], context: RequestContext): Promise<ApiResponse> {
  const from = (i: number): Promise<ApiResponse> => stages[i]!(context, () => from(i + 1))
  return from(0)
}
