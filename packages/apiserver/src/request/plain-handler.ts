import type { PlainRequest, RequestContext } from './api-request.ts'
import type { ApiResponse } from './api-response.ts'

/** Answers for a path that is no resource. */
export interface PlainHandler {
  handle(request: PlainRequest, context: RequestContext): Promise<ApiResponse>
}
