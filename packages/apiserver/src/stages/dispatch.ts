import type { PlainHandler } from '../request/plain-handler.ts'
import type { ConnectRequest, RequestContext } from '../request/api-request.ts'
import type { ApiResponse } from '../request/api-response.ts'
import type { ResourceHandler } from '../registry/resource-handler.ts'
import type { Stage } from './stage.ts'

export interface DispatchDeps {
  readonly resources: ResourceHandler
  readonly plain: PlainHandler
  connect(request: ConnectRequest, context: RequestContext): Promise<ApiResponse>
}

/** The end of the road: who answers. */
export function dispatchStage(deps: DispatchDeps): Stage {
  return async (context) => {
    const { request } = context
    switch (request.type) {
      case 'resource':
        return deps.resources.handle(request, context)
      case 'connect':
        return deps.connect(request, context)
      case 'plain':
        return deps.plain.handle(request, context)
    }
  }
}
