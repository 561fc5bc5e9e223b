import {
  conflict,
  deepEqual,
  invalid,
  isAlreadyExists,
  isStatusError,
  notFound,
  plainError,
} from '@kemu/api'
import type { FieldError, KubeObject } from '@kemu/api'
import { validateObjectMetaUpdate } from '@kemu/api/validation'
import type { StoredObject } from '../cache/stored-object.ts'
import { withoutTimes } from './field-management.ts'
import { fillNamespace, metadataErrorsOf } from './object-creator.ts'
import type { ObjectCreator, WriterDeps } from './object-creator.ts'
import { objectKeyOf } from './object-reader.ts'
import type { ObjectReader } from './object-reader.ts'
import { parseUintError } from './store-status.ts'
import type { KeyValue } from '../store/key-value-store.ts'
import type { Transform } from './transform.ts'
import type { UpdateRules } from './update-rules.ts'
import { strategyContext } from './write-context.ts'
import type { Finish, WriteContext } from './write-context.ts'

export interface UpdateResult {
  readonly object: StoredObject
  readonly created: boolean
}

type Plan =
  | { readonly act: 'replace'; readonly object: KubeObject; readonly finish: Finish }
  | { readonly act: 'vanish'; readonly object: KubeObject }
  | { readonly act: 'nothing' }

/** Updates objects of one resource under optimistic concurrency. */
export class ObjectUpdater {
  readonly #deps: WriterDeps
  readonly #reader: ObjectReader
  readonly #creator: ObjectCreator

  constructor(deps: WriterDeps, reader: ObjectReader, creator: ObjectCreator) {
    this.#deps = deps
    this.#reader = reader
    this.#creator = creator
  }

  /**
   * Plans from what the cache shows; a plan that fails, or changes nothing, is made once more from
   * the store's own
   * state before it is believed. A write that lost a race is planned again from the winner.
   */
  async update(
    key: string,
    transform: Transform,
    rules: UpdateRules,
    context: WriteContext,
  ): Promise<UpdateResult> {
    const { cache } = this.#deps
    const cached = cache.started ? cache.get(key) : undefined
    let current = cached ?? (await this.#reader.read(key))
    let certain = cached === undefined
    for (;;) {
      if (!current) {
        const created = await this.#create(transform, rules, context)
        if (created) return { object: created, created: true }
        current = await this.#reader.read(key)
        certain = true
        continue
      }
      const warningsBefore = context.warnings.length
      let plan: Plan
      try {
        plan = await this.#plan(current, transform, rules, context)
      } catch (error) {
        if (certain || !isStatusError(error)) throw error
        plan = { act: 'nothing' }
      }
      if (plan.act === 'nothing' && certain) return { object: current, created: false }
      if (plan.act !== 'nothing') {
        const done = await this.#execute(key, current, plan, context)
        if ('object' in done) return done
        current = done.current
      } else current = await this.#reader.read(key)
      certain = true
      context.warnings.length = warningsBefore
    }
  }

  /** An update that creates; undefined when somebody else was faster. */
  async #create(
    transform: Transform,
    rules: UpdateRules,
    context: WriteContext,
  ): Promise<StoredObject | undefined> {
    if (!rules.allowCreateOnUpdate) throw notFound(this.#deps.definition.type, context.path.name)
    try {
      return await this.#creator.createOnce(await transform(undefined), context)
    } catch (error) {
      if (isAlreadyExists(error)) return undefined
      throw error
    }
  }

  async #plan(
    current: StoredObject,
    transform: Transform,
    rules: UpdateRules,
    context: WriteContext,
  ): Promise<Plan> {
    const old = current.object
    const object = await transform(old)
    this.#checkPreconditions(object, old, rules)
    const finish = (await this.#deps.hooks.beginUpdate?.(object, old, context)) ?? (() => {})
    try {
      this.#applyRules(object, old, rules, context)
      await this.#admit(object, old, context)
    } catch (error) {
      finish(false)
      throw error
    }
    return this.#planWrite(object, old, finish)
  }

  #planWrite(object: KubeObject, old: KubeObject, finish: Finish): Plan {
    const mayVanish = this.#deps.hooks.mayVanish?.(object) ?? true
    if (isFinished(object, old) && mayVanish) {
      finish(false)
      return { act: 'vanish', object }
    }
    if (deepEqual(withoutTimes(object), withoutTimes(old))) {
      finish(false)
      return { act: 'nothing' }
    }
    return { act: 'replace', object, finish }
  }

  #checkPreconditions(object: KubeObject, old: KubeObject, rules: UpdateRules): void {
    const { group, resource } = this.#deps.definition.type
    const { metadata } = object
    const { name, uid } = old.metadata
    if (rules.uidIsPrecondition && metadata.uid && metadata.uid !== uid) {
      const key =
        this.#deps.cache.config.keyPrefix + objectKeyOf({ namespace: '', ...old.metadata })
      const why = `Precondition failed: UID in precondition: ${metadata.uid}, UID in object meta: ${uid}`
      throw conflict(
        { group, resource },
        name,
        `StorageError: invalid object, Code: 4, Key: ${key}, ResourceVersion: 0, AdditionalErrorMsg: ${why}`,
      )
    }
    const version = metadata.resourceVersion
    if (version && !/^\d+$/.test(version)) throw plainError(parseUintError(version))
    if (!version || version === '0') {
      if (!rules.allowUnconditionalUpdate) throw versionRequired(group, resource, name)
      metadata.resourceVersion = old.metadata.resourceVersion
    } else if (version !== old.metadata.resourceVersion) {
      throw conflict({ group, resource }, name)
    }
  }

  /** rest.BeforeUpdate. */
  #applyRules(
    object: KubeObject,
    old: KubeObject,
    rules: UpdateRules,
    context: WriteContext,
  ): void {
    const { type } = this.#deps.definition
    const { metadata } = object
    const before = old.metadata
    fillNamespace(object, type.namespaced ? context.path.namespace : '')
    setOrDelete(metadata, 'generation', before.generation)
    const strategy = strategyContext(context)
    rules.prepareForUpdate(object, old, strategy)
    if (!metadata.uid) metadata.uid = before.uid
    metadata.creationTimestamp = before.creationTimestamp
    if (before.deletionTimestamp !== undefined)
      metadata.deletionTimestamp = before.deletionTimestamp
    metadata.deletionGracePeriodSeconds ??= before.deletionGracePeriodSeconds
    if (metadata.deletionGracePeriodSeconds === undefined)
      delete metadata.deletionGracePeriodSeconds
    const errors = [
      ...metadataErrorsOf(object, type.namespaced),
      ...validateObjectMetaUpdate(metadata, before),
      ...rules.validateUpdate(object, old, strategy),
    ]
    if (errors.length > 0) throw invalid(type.group, type.kind, before.name, dedupe(errors))
    context.warnings.push(...(rules.warnings?.(object, old) ?? []))
  }

  async #admit(object: KubeObject, old: KubeObject, context: WriteContext): Promise<void> {
    await context.admission.validate({
      operation: 'UPDATE',
      path: context.path,
      definition: this.#deps.definition,
      object,
      old,
      user: context.user,
      dryRun: context.dryRun,
      warnings: context.warnings,
    })
  }

  /** The result, or the state that won the race. */
  async #execute(
    key: string,
    current: StoredObject,
    plan: Exclude<Plan, { act: 'nothing' }>,
    context: WriteContext,
  ): Promise<UpdateResult | { readonly current: StoredObject | undefined }> {
    const { cache, store, leases, hooks } = this.#deps
    const { keyPrefix, codec } = cache.config
    const value = codec.encode(plan.object)
    const at = current.revision
    if (context.dryRun) {
      if (plan.act === 'replace') plan.finish(false)
      return { object: codec.show(key, plan.object, value, at), created: false }
    }
    if (plan.act === 'vanish') {
      const removed = await store.remove(keyPrefix + key, at)
      if (!removed.ok && removed.current) return { current: this.#read(key, removed.current) }
      hooks.afterDelete?.(current.object, context)
      return { object: codec.show(key, plan.object, value, at), created: false }
    }
    const lease = await leases?.take()
    let ok = false
    try {
      const result = await store.replace(keyPrefix + key, at, value, lease)
      if (!result.ok) return { current: result.current && this.#read(key, result.current) }
      ok = true
      return { object: codec.show(key, plan.object, value, result.revision), created: false }
    } finally {
      if (plan.act === 'replace') plan.finish(ok)
    }
  }

  #read(key: string, kv: KeyValue): StoredObject {
    return this.#deps.cache.config.codec.read(key, kv)
  }
}

/**
 * Store.ShouldDeleteDuringUpdate: it terminates, its time is over, and its last finalizer just
 * went.
 */
function isFinished({ metadata }: KubeObject, { metadata: before }: KubeObject): boolean {
  return (
    (metadata.finalizers ?? []).length === 0 &&
    before.deletionTimestamp !== undefined &&
    (before.deletionGracePeriodSeconds ?? 0) === 0
  )
}

function versionRequired(group: string, resource: string, name: string): Error {
  return invalid(group, resource, name, [
    {
      type: 'FieldValueInvalid',
      field: 'metadata.resourceVersion',
      detail: 'Invalid value: 0: must be specified for an update',
    },
  ])
}

function setOrDelete<T extends object, K extends keyof T>(
  target: T,
  key: K,
  value: T[K] | undefined,
): void {
  if (value === undefined) delete target[key]
  else target[key] = value
}

function dedupe(errors: readonly FieldError[]): FieldError[] {
  const seen = new Set<string>()
  return errors.filter(({ type, field, detail }) => {
    const text = `${type} ${field} ${detail}`
    return !seen.has(text) && seen.add(text)
  })
}
