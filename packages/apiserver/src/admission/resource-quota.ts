import { deepCopy, isNotFound, resourceQuotas } from '@kemu/api'
import type { ResourceQuota } from '@kemu/api'
import { charge, evaluatorOf } from '@kemu/api/quota'
import type { Charge, QuotaChange, QuotaEvaluator } from '@kemu/api/quota'
import type { Clock } from '@kemu/base'
import type { Catalog } from '../registry/catalog.ts'
import { Lookup } from '../registry/lookup.ts'
import { objectKeyOf } from '../registry/object-reader.ts'
import { systemUser } from '../request/user-info.ts'
import { AdmissionChain } from './admission.ts'
import type { AdmissionAttributes, AdmissionPlugin } from './admission.ts'
import { admissionForbidden } from './refusal.ts'

/** Holds a namespace to its quotas: a write that fits is counted in their statuses before it is made. */
export class ResourceQuotaPlugin implements AdmissionPlugin {
  readonly name = 'ResourceQuota'
  readonly #catalog: Catalog
  readonly #lookup: Lookup
  readonly #clock: Clock

  constructor(catalog: Catalog, clock: Clock) {
    this.#catalog = catalog
    this.#lookup = new Lookup(catalog)
    this.#clock = clock
  }

  async validate(attributes: AdmissionAttributes): Promise<void> {
    const { operation, path, object, old, dryRun } = attributes
    if (operation !== 'CREATE' && operation !== 'UPDATE') return
    if (path.namespace === '' || path.resource === 'namespaces' || !object) return
    const evaluator = evaluatorOf(path.group, path.resource)
    const change = { operation, subresource: path.subresource, object, old }
    if (!evaluator?.handles(change)) return
    const quotas = await this.#lookup.all(resourceQuotas, path.namespace)
    // All of them are asked before the first is charged: a refusal by the last must cost nothing.
    const touched = quotas.filter(
      (quota) => this.#charge(attributes, quota, change, evaluator) !== undefined,
    )
    if (dryRun) return
    for (const quota of touched) await this.#pay(attributes, quota, change, evaluator)
  }

  /** The quota's new status, undefined where the write costs it nothing. Throws Forbidden. */
  #charge(
    attributes: AdmissionAttributes,
    quota: ResourceQuota,
    change: QuotaChange,
    evaluator: QuotaEvaluator,
  ): Extract<Charge, { form: 'charged' }>['status'] | undefined {
    const answer = charge(quota, change, evaluator, this.#clock.now())
    if (answer.form === 'refused') throw admissionForbidden(attributes, answer.why)
    return answer.form === 'charged' ? answer.status : undefined
  }

  /** Charges what the store has now: of two writers the second sees what the first took. */
  async #pay(
    attributes: AdmissionAttributes,
    { metadata }: ResourceQuota,
    change: QuotaChange,
    evaluator: QuotaEvaluator,
  ): Promise<void> {
    const { namespace = '', name } = metadata
    const { updater } = this.#catalog.storeOf(resourceQuotas)
    const { group, version, resource } = resourceQuotas
    const context = {
      path: { group, version, resource, namespace, name, subresource: 'status' },
      user: systemUser,
      dryRun: false,
      nowMs: this.#clock.now(),
      warnings: [],
      admission: new AdmissionChain([]),
      podLoopbackRange: undefined,
      fieldManager: 'kube-apiserver',
    }
    try {
      await updater.update(
        objectKeyOf({ namespace, name }),
        (old) => {
          const quota = deepCopy(old as ResourceQuota)
          const status = this.#charge(attributes, quota, change, evaluator)
          if (status) quota.status = status
          return quota
        },
        statusRules,
        context,
      )
    } catch (error) {
      // Somebody deleted the quota: it holds nobody any more.
      if (!isNotFound(error)) throw error
    }
  }
}

const statusRules = {
  prepareForUpdate: () => {},
  validateUpdate: () => [],
  allowCreateOnUpdate: false,
  allowUnconditionalUpdate: true,
}
