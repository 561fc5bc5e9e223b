import type { KubeObject } from '@kemu/api'
import type { RequestContext as StrategyContext } from '@kemu/api/kinds'
import type { AdmissionChain } from '../admission/admission.ts'
import type { DeletionPlan } from './graceful-deletion.ts'
import type { ResourcePath } from '../request/api-request.ts'
import type { DeleteOptions } from '../request/options.ts'
import type { UserInfo } from '../request/user-info.ts'

/** One write on its way through a resource's rules. */
export interface WriteContext {
  readonly path: ResourcePath
  readonly user: UserInfo
  readonly dryRun: boolean
  readonly nowMs: number
  readonly warnings: string[]
  readonly admission: AdmissionChain
  readonly podLoopbackRange: string | undefined
  /** Who writes, as managedFields name it: the request's fieldManager, or its program. */
  readonly fieldManager: string
}

export function strategyContext({
  path,
  user,
  nowMs,
  podLoopbackRange,
}: WriteContext): StrategyContext {
  return {
    nowMs,
    namespace: path.namespace,
    user,
    ...(podLoopbackRange !== undefined && { podLoopbackRange }),
  }
}

/** Ends what a hook began: `true` when the write happened. */
export type Finish = (written: boolean) => void

/**
 * What a resource does besides its strategy, where it needs the server: allocation of addresses,
 * for example.
 */
export interface ResourceHooks {
  beginCreate?(object: KubeObject, context: WriteContext): Promise<Finish> | Finish
  beginUpdate?(object: KubeObject, old: KubeObject, context: WriteContext): Promise<Finish> | Finish
  afterDelete?(object: KubeObject, context: WriteContext): void
  /**
   * Decides instead of the usual rules what a delete request does; `object` is a copy to change.
   */
  planDeletion?(
    object: KubeObject,
    options: DeleteOptions,
    context: WriteContext,
  ): DeletionPlan | undefined
  /** False keeps an object without finalizers that terminates (namespaces with spec.finalizers). */
  mayVanish?(object: KubeObject): boolean
}
