import { deepEqual, isNotFound, objectKey, resourceQuotas } from '@kemu/api'
import type { KubeObject, Pod, ResourceQuota, Service } from '@kemu/api'
import {
  evaluatorsFor,
  isCountedPod,
  isTerminating,
  quotaUsage,
  readAmounts,
  sameAmounts,
  writeAmounts,
} from '@kemu/api/quota'
import type { QuotaEvaluator } from '@kemu/api/quota'
import type { Clock } from '@kemu/base'
import type { Informer } from '@kemu/client'
import { Controller, done, OneQueueController, requeueAfter } from '@kemu/controller-runtime'
import type { Result } from '@kemu/controller-runtime'
import { workersOf } from '../controller-deps.ts'
import type { ControllerDeps } from '../controller-deps.ts'
import { serves } from '../discovery/discovery.ts'
import type { Discovery, ServedResource } from '../discovery/discovery.ts'

/**
 * Counts what each quota's namespace uses, and writes it down. Charging is the API server's work; this one begins a
 * quota's account, gives back what was deleted, and counts anew from time to time. A resource is watched from the
 * first quota that counts it.
 */
export class ResourceQuotaController extends OneQueueController {
  readonly #deps: ControllerDeps
  readonly #discovery: Discovery
  readonly #resyncMs: number
  readonly #quotas: Informer<ResourceQuota>
  protected readonly controller: Controller
  /** By `resource.group`; undefined: the server does not have it. */
  readonly #watched = new Map<string, Promise<Informer<KubeObject> | undefined>>()

  constructor(deps: ControllerDeps, discovery: Discovery, resyncMs: number) {
    super()
    this.#deps = deps
    this.#discovery = discovery
    this.#resyncMs = resyncMs
    this.#quotas = deps.informers.of(resourceQuotas)
    this.controller = new Controller(
      {
        name: 'resourcequota_primary',
        sources: [this.#quotas],
        ...workersOf(deps),
        reconcile: (key) => this.#reconcile(key),
      },
      deps,
    )
    const enqueue = (quota: ResourceQuota): void => this.controller.enqueue(objectKey(quota))
    this.#quotas.addHandler({
      add: enqueue,
      update: (old, quota) => {
        if (!deepEqual(old.spec, quota.spec)) enqueue(quota)
      },
    })
  }

  override async close(): Promise<void> {
    await super.close()
    this.#discovery.close()
  }

  async #reconcile(key: string): Promise<Result> {
    const wanted = this.#quotas.lister.get(key)
    if (!wanted) return done
    const informers = await this.#informersOf(wanted)
    const quota = this.#quotas.lister.get(key)
    if (!quota) return done
    const { namespace = '' } = quota.metadata
    const used = quotaUsage(
      quota,
      (evaluator) => informers.get(nameOf(evaluator))?.lister.inNamespace(namespace) ?? [],
      this.#deps.clock.now(),
    )
    const hard = quota.spec?.hard ?? {}
    if (isUpToDate(quota, hard, used)) return requeueAfter(this.#resyncMs)
    const status = { hard, used: writeAmounts(used) }
    try {
      await this.#deps.client.resource(resourceQuotas, namespace).updateStatus({ ...quota, status })
    } catch (error) {
      if (isNotFound(error)) return done
      throw error
    }
    return requeueAfter(this.#resyncMs)
  }

  async #informersOf({ spec }: ResourceQuota): Promise<ReadonlyMap<string, Informer<KubeObject>>> {
    const found = new Map<string, Informer<KubeObject>>()
    for (const evaluator of evaluatorsFor(Object.keys(spec?.hard ?? {}))) {
      const name = nameOf(evaluator)
      const watched = this.#watched.get(name) ?? this.#watch(evaluator)
      this.#watched.set(name, watched)
      const informer = await watched.catch((error: unknown) => {
        this.#watched.delete(name)
        throw error
      })
      if (informer) found.set(name, informer)
      // A kind that comes later (a custom resource) is looked for again.
      else this.#watched.delete(name)
    }
    return found
  }

  async #watch(evaluator: QuotaEvaluator): Promise<Informer<KubeObject> | undefined> {
    const resource = await this.#find(evaluator)
    if (!resource) return undefined
    const informer = this.#deps.informers.of<KubeObject>(resource)
    await informer.synced
    const { clock } = this.#deps
    const freed = (object: KubeObject): void => this.#onFreed(evaluator, object)
    informer.addHandler({
      remove: freed,
      update: (old, object) => {
        if (changesUsage(evaluator, old, object, clock)) freed(object)
      },
    })
    return informer
  }

  async #find({ group, resource }: QuotaEvaluator): Promise<ServedResource | undefined> {
    const { resources } = await this.#discovery.served()
    return resources.find(
      (one) => one.group === group && one.resource === resource && serves(one, 'list', 'watch'),
    )
  }

  /** Something is used less: quotas of the namespace that count it are counted anew. */
  #onFreed(evaluator: QuotaEvaluator, { metadata }: KubeObject): void {
    for (const quota of this.#quotas.lister.inNamespace(metadata.namespace ?? '')) {
      if (evaluator.counted(Object.keys(quota.spec?.hard ?? {})).length > 0)
        this.controller.enqueue(objectKey(quota))
    }
  }
}

function nameOf({ group, resource }: QuotaEvaluator): string {
  return `${resource}.${group}`
}

function isUpToDate(
  { status }: ResourceQuota,
  hard: Readonly<Record<string, string>>,
  used: ReturnType<typeof quotaUsage>,
): boolean {
  if (!status?.hard || !status.used) return false
  return (
    sameAmounts(readAmounts(status.hard), readAmounts(hard)) &&
    sameAmounts(readAmounts(status.used), used)
  )
}

/** Changes after which less may be used (quota/install DefaultUpdateFilter); more is charged by the API server. */
function changesUsage(
  { resource }: QuotaEvaluator,
  old: KubeObject,
  object: KubeObject,
  clock: Clock,
): boolean {
  switch (resource) {
    case 'pods': {
      const [before, after] = [old as Pod, object as Pod]
      const nowMs = clock.now()
      return (
        isTerminating(before) !== isTerminating(after) ||
        (isCountedPod(before, nowMs) && !isCountedPod(after, nowMs)) ||
        !deepEqual(before.spec.containers, after.spec.containers)
      )
    }
    case 'services':
      return (old as Service).spec.type !== (object as Service).spec.type
    case 'persistentvolumeclaims':
      return !deepEqual(
        (old as KubeObject & { spec?: unknown }).spec,
        (object as KubeObject & { spec?: unknown }).spec,
      )
    default:
      return false
  }
}
