import type { PlanContext, ServicePlan } from './plan/plan-service.ts'

/** Puts planned services in effect: by sockets or by the kernel's rules. */
export interface ServiceCarrier {
  /**
   * States what changed; undefined is a service that is gone. Resolves when it is in effect. After a rejection the same
   * changes are stated again.
   */
  apply(changes: ReadonlyMap<string, ServicePlan | undefined>, context: PlanContext): Promise<void>
}
