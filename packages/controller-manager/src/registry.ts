import type { Runnable } from '@kemu/controller-runtime'
import type { ControllerDeps } from './controller-deps.ts'
import { DeploymentController } from './deployment/deployment-controller.ts'
import type { ControllerManagerFlags } from './flags.ts'
import { ReplicaController } from './replication/replica-controller.ts'
import { replicaSetKind, replicationControllerKind } from './replication/replica-owner.ts'

/** One line of the table of controllers. */
export interface ControllerEntry {
  /** As --controllers names it. */
  readonly name: string
  /** Older names that --controllers takes too. */
  readonly alias: string
  /** Its service account in kube-system with --use-service-account-credentials. */
  readonly account: string
  /** Off unless named: upstream's ControllersDisabledByDefault. */
  readonly offByDefault?: boolean
  /** undefined: its flags are not given, so it does not run (upstream logs and skips it too). */
  make(
    deps: ControllerDeps,
    flags: ControllerManagerFlags,
  ): Runnable | undefined | Promise<Runnable | undefined>
}

/** Every controller, in the order in which they start. */
export const controllers: readonly ControllerEntry[] = [
  {
    name: 'deployment-controller',
    alias: 'deployment',
    account: 'deployment-controller',
    make: (deps) => new DeploymentController(deps),
  },
  {
    name: 'replicaset-controller',
    alias: 'replicaset',
    account: 'replicaset-controller',
    make: (deps) => new ReplicaController(replicaSetKind, deps),
  },
  {
    name: 'replicationcontroller-controller',
    alias: 'replicationcontroller',
    account: 'replication-controller',
    make: (deps) => new ReplicaController(replicationControllerKind, deps),
  },
]
