import { isConflict, isNotFound, namespaces, objectKey, pods } from '@kemu/api'
import type { Namespace } from '@kemu/api'
import type { Informer } from '@kemu/client'
import { Controller, done, OneQueueController, requeueAfter } from '@kemu/controller-runtime'
import type { Result } from '@kemu/controller-runtime'
import { workersOf } from '../controller-deps.ts'
import type { ControllerDeps } from '../controller-deps.ts'
import { serves } from '../discovery/discovery.ts'
import type { Discovery, ServedResource } from '../discovery/discovery.ts'
import { deleteContent } from './namespace-content.ts'
import type { Remaining } from './namespace-content.ts'
import { sameConditions, terminationConditions } from './namespace-conditions.ts'
import type { DeletionOutcome } from './namespace-conditions.ts'

const finalizer = 'kubernetes'

/** Empties namespaces that are being deleted, and lets them go when nothing is left. */
export class NamespaceController extends OneQueueController {
  readonly #deps: ControllerDeps
  readonly #discovery: Discovery
  readonly #namespaces: Informer<Namespace>
  protected readonly controller: Controller

  constructor(deps: ControllerDeps, discovery: Discovery) {
    super()
    this.#deps = deps
    this.#discovery = discovery
    this.#namespaces = deps.informers.of(namespaces)
    this.controller = new Controller(
      {
        name: 'namespace',
        sources: [this.#namespaces],
        ...workersOf(deps),
        reconcile: (key) => this.#reconcile(key),
        failureMsMax: 60_000,
      },
      deps,
    )
    const enqueue = (namespace: Namespace): void => {
      if (namespace.metadata.deletionTimestamp !== undefined)
        this.controller.enqueue(objectKey(namespace))
    }
    this.#namespaces.addHandler({ add: enqueue, update: (_, namespace) => enqueue(namespace) })
  }

  override async close(): Promise<void> {
    await super.close()
    this.#discovery.close()
  }

  async #reconcile(name: string): Promise<Result> {
    const cached = this.#namespaces.lister.get(name)
    if (cached?.metadata.deletionTimestamp === undefined) return done
    if (!(cached.spec.finalizers ?? []).includes(finalizer)) return done
    const resource = this.#deps.client.resource(namespaces)
    const namespace =
      cached.status.phase === 'Terminating'
        ? cached
        : await resource.updateStatus({
            ...cached,
            status: { ...cached.status, phase: 'Terminating' },
          })
    const outcome = await this.#deleteAll(name)
    const conditions = terminationConditions(
      namespace.status.conditions ?? [],
      outcome,
      this.#deps.clock.now(),
    )
    let current = namespace
    if (!sameConditions(namespace, conditions))
      current = await resource.updateStatus({
        ...namespace,
        status: { ...namespace.status, conditions },
      })
    if (outcome.contentFailures.length > 0 || outcome.discoveryFailures.length > 0)
      throw new Error([...outcome.discoveryFailures, ...outcome.contentFailures].join('; '))
    if (outcome.remaining.length > 0) return requeueAfter(waitMs(outcome.remaining))
    await this.#finalize(current)
    return done
  }

  async #deleteAll(namespace: string): Promise<DeletionOutcome> {
    const { resources, failures } = await this.#discovery.served()
    const deletable = resources.filter((r) => r.namespaced && serves(r, 'delete', 'list'))
    const isPods = (r: ServedResource): boolean => r.group === '' && r.resource === pods.resource
    // Pods go first: what guards or serves them must not vanish while they run (KEP-5080).
    const first = await this.#deleteEach(namespace, deletable.filter(isPods))
    if (first.remaining.length > 0 || first.contentFailures.length > 0)
      return { ...first, discoveryFailures: failures }
    const rest = deletable.filter((r) => !isPods(r))
    return { ...(await this.#deleteEach(namespace, rest)), discoveryFailures: failures }
  }

  async #deleteEach(
    namespace: string,
    resources: readonly ServedResource[],
  ): Promise<Omit<DeletionOutcome, 'discoveryFailures'>> {
    const results = await Promise.allSettled(
      resources.map((resource) => deleteContent(this.#deps.client, namespace, resource)),
    )
    const remaining: Remaining[] = []
    const contentFailures: string[] = []
    for (const result of results) {
      if (result.status === 'rejected') contentFailures.push((result.reason as Error).message)
      else if (result.value) remaining.push(result.value)
    }
    return { remaining, contentFailures }
  }

  async #finalize(namespace: Namespace): Promise<void> {
    const finalizers = (namespace.spec.finalizers ?? []).filter((name) => name !== finalizer)
    const next = { ...namespace, spec: { ...namespace.spec, finalizers } }
    try {
      await this.#deps.client
        .resource(namespaces)
        .updateSubresource(namespace.metadata.name, 'finalize', next)
    } catch (error) {
      if (isNotFound(error)) return
      if (isConflict(error)) this.controller.enqueue(namespace.metadata.name)
      throw error
    }
  }
}

/** Half of the longest estimate, at least one second: pods often end before their grace does. */
function waitMs(remaining: readonly Remaining[]): number {
  const longest = Math.max(...remaining.map(({ estimateMs }) => estimateMs))
  return Math.min(5_000, longest / 2 + 1_000)
}
