import {
  conflict,
  deepCopy,
  groupResource,
  invalid,
  isNotFound,
  isStatusError,
  notFound,
} from '@kemu/api'
import type { KubeObject, Status } from '@kemu/api'
import { validateDeleteOptions } from '@kemu/api/validation'
import type { StoredObject } from '../cache/stored-object.ts'
import type { DeleteOptions, ListOptions } from '../request/options.ts'
import type { KeyValue } from '../store/key-value-store.ts'
import { returnsDeletedObject } from './deletion-policy.ts'
import { planDeletion } from './graceful-deletion.ts'
import type { DeletionPlan } from './graceful-deletion.ts'
import type { WriterDeps } from './object-creator.ts'
import type { ObjectReader } from './object-reader.ts'
import type { WriteContext } from './write-context.ts'

export interface DeleteResult {
  /**
   * The object as it was or as it is while it terminates, or a Status where the resource answers
   * so.
   */
  readonly answer: StoredObject | Status
  /** False while it still terminates. */
  readonly gone: boolean
}

/**
 * One page of a deletecollection, and how many deletes run at once (DeleteCollectionWorkers is 1
 * upstream).
 */
const collectionPageSize = 10_000
const collectionWorkers = 8

type Outcome = DeleteResult | { readonly current: StoredObject | undefined }

/** Deletes objects of one resource: preconditions, grace, finalizers, then the store. */
export class ObjectDeleter {
  readonly #deps: WriterDeps
  readonly #reader: ObjectReader

  constructor(deps: WriterDeps, reader: ObjectReader) {
    this.#deps = deps
    this.#reader = reader
  }

  /**
   * Plans from the cache first and from the store when that plan was not carried out (see
   * ObjectUpdater.update).
   */
  async delete(key: string, options: DeleteOptions, context: WriteContext): Promise<DeleteResult> {
    this.#checkOptions(options)
    const { cache } = this.#deps
    const cached = cache.started ? cache.get(key) : undefined
    let current = cached ?? (await this.#reader.read(key))
    let certain = cached === undefined
    let marked: StoredObject | undefined
    for (;;) {
      if (!current) {
        if (marked) return this.#answer(marked, true)
        throw notFound(this.#deps.definition.type, context.path.name)
      }
      try {
        const plan = await this.#plan(current, options, context)
        if (plan.act !== 'nothing' || certain) {
          const outcome = await this.#execute(key, current, plan, context)
          if ('gone' in outcome) return outcome
          current = outcome.current
          if (plan.act === 'mark' && plan.removeAfter) marked = current
          certain = true
          continue
        }
      } catch (error) {
        if (certain || !isStatusError(error)) throw error
      }
      current = await this.#reader.read(key)
      certain = true
    }
  }

  /** Deletes what a list shows; not atomic. The deleted objects are the answer. */
  async deleteCollection(
    list: ListOptions,
    options: DeleteOptions,
    context: WriteContext,
  ): Promise<StoredObject[]> {
    this.#checkOptions(options)
    const deleted: StoredObject[] = []
    let page = { ...list, limit: list.limit || collectionPageSize }
    for (;;) {
      const { items, continue: next } = await this.#reader.list(context.path, page)
      await this.#deleteAll(items, options, context)
      deleted.push(...items)
      if (next === '' || list.limit > 0) return deleted
      page = { ...page, continue: next, resourceVersion: '', resourceVersionMatch: '' }
    }
  }

  async #deleteAll(
    items: readonly StoredObject[],
    options: DeleteOptions,
    context: WriteContext,
  ): Promise<void> {
    const queue = items.values()
    const work = async (): Promise<void> => {
      for (const item of queue) {
        const path = { ...context.path, namespace: item.namespace, name: item.name }
        await this.delete(item.key, options, { ...context, path }).catch((error: unknown) => {
          if (!isNotFound(error)) throw error
        })
      }
    }
    await Promise.all(Array.from({ length: collectionWorkers }, work))
  }

  #checkOptions(options: DeleteOptions): void {
    const errors = validateDeleteOptions(options)
    if (errors.length > 0) throw invalid('meta.k8s.io', 'DeleteOptions', '', errors)
  }

  async #plan(
    current: StoredObject,
    options: DeleteOptions,
    context: WriteContext,
  ): Promise<DeletionPlan> {
    const { definition, hooks } = this.#deps
    this.#checkPreconditions(current.object, options)
    const attributes = {
      operation: 'DELETE' as const,
      path: context.path,
      definition,
      object: undefined,
      old: current.object,
      user: context.user,
      dryRun: context.dryRun,
      warnings: context.warnings,
    }
    await context.admission.admit(attributes)
    await context.admission.validate(attributes)
    const copy = deepCopy(current.object)
    const special = hooks.planDeletion?.(copy, options, context)
    if (special) return special
    return planDeletion(copy, options, definition.strategy, context.nowMs)
  }

  #checkPreconditions({ metadata }: KubeObject, { preconditions }: DeleteOptions): void {
    const { group, kind } = this.#deps.definition.type
    const { name, uid, resourceVersion } = metadata
    const refuse = (what: string, wanted: string, found: string, why: string): Error =>
      conflict(
        { group, resource: kind },
        name,
        `the ${what} in the precondition (${wanted}) does not match the ${what} in record (${found}). ${why}`,
      )
    const wantedUid = preconditions?.uid
    if (wantedUid !== undefined && wantedUid !== uid) {
      throw refuse('UID', wantedUid, uid, 'The object might have been deleted and then recreated')
    }
    const wantedVersion = preconditions?.resourceVersion
    if (wantedVersion !== undefined && wantedVersion !== resourceVersion) {
      const why = 'The object might have been modified'
      throw refuse('ResourceVersion', wantedVersion, resourceVersion, why)
    }
  }

  async #execute(
    key: string,
    current: StoredObject,
    plan: DeletionPlan,
    context: WriteContext,
  ): Promise<Outcome> {
    switch (plan.act) {
      case 'nothing':
        return this.#answer(current, false)
      case 'mark':
        return this.#mark(key, current, plan, context)
      case 'remove':
        return this.#remove(key, current, context)
    }
  }

  async #mark(
    key: string,
    current: StoredObject,
    { object, removeAfter }: Extract<DeletionPlan, { act: 'mark' }>,
    context: WriteContext,
  ): Promise<Outcome> {
    const { cache, store } = this.#deps
    const { keyPrefix, codec } = cache.config
    const value = codec.encode(object)
    if (context.dryRun) {
      const shown = codec.show(key, object, value, current.revision)
      return { answer: shown, gone: removeAfter }
    }
    const result = await store.replace(keyPrefix + key, current.revision, value)
    if (!result.ok) return { current: this.#read(key, result.current) }
    const marked = codec.show(key, object, value, result.revision)
    if (!removeAfter) return { answer: marked, gone: false }
    const removed = await this.#remove(key, marked, context)
    // Somebody else was faster to remove it: that is what was wanted.
    return 'gone' in removed || removed.current ? removed : this.#answer(marked, true)
  }

  async #remove(key: string, current: StoredObject, context: WriteContext): Promise<Outcome> {
    const { cache, store, hooks } = this.#deps
    if (context.dryRun) return this.#answer(current, true)
    const result = await store.remove(cache.config.keyPrefix + key, current.revision)
    if (!result.ok) return { current: this.#read(key, result.current) }
    hooks.afterDelete?.(current.object, context)
    return this.#answer(current.restamped(result.revision), true)
  }

  #answer(object: StoredObject, gone: boolean): DeleteResult {
    const { type } = this.#deps.definition
    // An object that terminates is always shown; one that is gone only where upstream shows it.
    if (!gone || returnsDeletedObject(groupResource(type))) return { answer: object, gone }
    return { answer: successStatus(type, object), gone }
  }

  #read(key: string, kv: KeyValue | undefined): StoredObject | undefined {
    return kv && this.#deps.cache.config.codec.read(key, kv)
  }
}

function successStatus(
  { group, resource }: { group: string; resource: string },
  { object }: StoredObject,
): Status {
  const { name, uid } = object.metadata
  return {
    kind: 'Status',
    apiVersion: 'v1',
    metadata: {},
    status: 'Success',
    details: { name, ...(group !== '' && { group }), kind: resource, uid },
  }
}
