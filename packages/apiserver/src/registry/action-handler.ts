import type { RequestContext, ResourceRequest } from '../request/api-request.ts'
import type { ApiResponse } from '../request/api-response.ts'
import type { ResourceEntry } from './resource-entry.ts'
import type { WriteContext } from './write-context.ts'

/** What the server answers by itself: bindings, evictions, tokens, reviews. */
export interface ActionHandler {
  handle(
    request: ResourceRequest,
    entry: ResourceEntry,
    context: RequestContext,
    write: WriteContext,
  ): Promise<ApiResponse>
}
