import { clusterRoles, deepEqual, objectKey, selectorOf } from '@kemu/api'
import type { ClusterRole, PolicyRule } from '@kemu/api'
import type { Informer } from '@kemu/client'
import { Controller, done, OneQueueController } from '@kemu/controller-runtime'
import type { Result } from '@kemu/controller-runtime'
import type { ControllerDeps } from '../controller-deps.ts'

/** The rules of the roles that an aggregated role selects, in the order of their names, each once. */
export function aggregateRules(role: ClusterRole, all: readonly ClusterRole[]): PolicyRule[] {
  const selectors = (role.aggregationRule?.clusterRoleSelectors ?? []).map(selectorOf)
  const byName = [...all].sort((a, b) => (a.metadata.name < b.metadata.name ? -1 : 1))
  const rules: PolicyRule[] = []
  for (const selector of selectors)
    for (const other of byName) {
      if (other.metadata.uid === role.metadata.uid) continue
      if (!selector.matches(other.metadata.labels)) continue
      for (const rule of other.rules ?? [])
        if (!rules.some((known) => deepEqual(known, rule))) rules.push(rule)
    }
  return rules
}

/** Fills roles such as `admin`, `edit` and `view` with the rules of the roles that carry their label. */
export class ClusterRoleAggregationController extends OneQueueController {
  readonly #deps: ControllerDeps
  readonly #roles: Informer<ClusterRole>
  protected readonly controller: Controller

  constructor(deps: ControllerDeps) {
    super()
    this.#deps = deps
    this.#roles = deps.informers.of(clusterRoles)
    this.controller = new Controller(
      {
        name: 'ClusterRoleAggregator',
        sources: [this.#roles],
        reconcile: (k) => this.#reconcile(k),
      },
      deps,
    )
    const enqueueAggregates = (): void => {
      for (const role of this.#roles.lister.list())
        if (role.aggregationRule) this.controller.enqueue(objectKey(role))
    }
    this.#roles.addHandler({
      add: enqueueAggregates,
      update: enqueueAggregates,
      remove: enqueueAggregates,
    })
  }

  async #reconcile(name: string): Promise<Result> {
    const role = this.#roles.lister.get(name)
    if (!role?.aggregationRule) return done
    const rules = aggregateRules(role, this.#roles.lister.list())
    if (deepEqual(role.rules ?? [], rules)) return done
    await this.#deps.client.resource(clusterRoles).update({ ...role, rules })
    return done
  }
}
