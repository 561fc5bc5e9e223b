import type { ServicePlan } from '../plan/plan-service.ts'
import type { ServiceCarrier } from '../service-carrier.ts'
import type { FrontendTable } from './frontend-table.ts'

/** The user-space proxy: every frontend of a plan is a socket of this process. */
export class SocketCarrier implements ServiceCarrier {
  readonly #frontends: Pick<FrontendTable, 'apply'>

  constructor(frontends: Pick<FrontendTable, 'apply'>) {
    this.#frontends = frontends
  }

  async apply(changes: ReadonlyMap<string, ServicePlan | undefined>): Promise<void> {
    await Promise.all(
      [...changes].map(([service, plan]) => this.#frontends.apply(service, plan?.frontends ?? [])),
    )
  }
}
