import {
  alreadyExists,
  badRequest,
  deepCopy,
  formatTime,
  invalid,
  isAlreadyExists,
  plainError,
} from '@kemu/api'
import type { FieldError, KubeObject } from '@kemu/api'
import type { KindDefinition } from '@kemu/api/kinds'
import { nameIsPathSegment, validateObjectMeta } from '@kemu/api/validation'
import { nameSuffix, uuid } from '@kemu/base'
import type { Random } from '@kemu/base'
import type { ResourceCache } from '../cache/resource-cache.ts'
import type { StoredObject } from '../cache/stored-object.ts'
import type { KeyValueStore } from '../store/key-value-store.ts'
import type { LeasePool } from './lease-pool.ts'
import { objectKeyOf } from './object-reader.ts'
import { strategyContext } from './write-context.ts'
import type { ResourceHooks, WriteContext } from './write-context.ts'

export interface WriterDeps {
  readonly definition: KindDefinition
  readonly cache: ResourceCache
  readonly store: KeyValueStore
  readonly random: Random
  readonly hooks: ResourceHooks
  /** For kinds whose objects expire. */
  readonly leases: LeasePool | undefined
}

/** With a generated name, this many names are tried (maxNameGenerationCreateAttempts). */
const nameAttempts = 8
/** A generated name keeps this much of its base (names.maxGeneratedNameLength). */
const baseLengthMax = 58

/** Creates objects of one resource: system metadata, name, rules, admission's last word, store. */
export class ObjectCreator {
  readonly #deps: WriterDeps

  constructor(deps: WriterDeps) {
    this.#deps = deps
  }

  async create(object: KubeObject, context: WriteContext): Promise<StoredObject> {
    const { metadata } = object
    // storage.ErrResourceVersionSetOnCreate
    if (!context.dryRun && /^\d*[1-9]\d*$/.test(metadata.resourceVersion ?? ''))
      throw plainError('resourceVersion should not be set on objects to be created')
    if (metadata.name || !metadata.generateName) return this.createOnce(object, context)
    for (let attempt = 1; ; attempt += 1) {
      try {
        return await this.createOnce(deepCopy(object), context)
      } catch (error) {
        if (!isAlreadyExists(error) || attempt === nameAttempts) throw error
      }
    }
  }

  async #prepare(object: KubeObject, context: WriteContext): Promise<void> {
    const { definition } = this.#deps
    const { strategy, type } = definition
    fillNamespace(object, type.namespaced ? context.path.namespace : '')
    const rules = strategyContext(context)
    strategy.prepareForCreate(object, rules)
    strategy.canonicalize?.(object)
    const errors = [
      ...validateObjectMeta(object.metadata, {
        namespaced: type.namespaced,
        name: strategy.nameRule,
      }),
      ...strategy.validate(object, rules),
    ]
    if (errors.length > 0) throw invalid(type.group, type.kind, object.metadata.name ?? '', errors)
    context.warnings.push(...(strategy.warnings?.(object, undefined) ?? []))
  }

  #fillSystemFields(object: KubeObject, { nowMs }: WriteContext): void {
    const { metadata } = object
    metadata.uid = uuid(this.#deps.random)
    metadata.creationTimestamp = formatTime(nowMs)
    delete metadata.deletionTimestamp
    delete metadata.deletionGracePeriodSeconds
    delete metadata.selfLink
    if (!metadata.name && metadata.generateName) {
      metadata.name = metadata.generateName.slice(0, baseLengthMax) + nameSuffix(this.#deps.random)
    }
  }

  /** Under the name that it has or that is made now. */
  async createOnce(object: KubeObject, context: WriteContext): Promise<StoredObject> {
    const { definition, hooks } = this.#deps
    this.#fillSystemFields(object, context)
    const finish = (await hooks.beginCreate?.(object, context)) ?? (() => {})
    let written = false
    try {
      await this.#prepare(object, context)
      await context.admission.validate({
        operation: 'CREATE',
        path: { ...context.path, name: object.metadata.name },
        definition,
        object,
        old: undefined,
        user: context.user,
        dryRun: context.dryRun,
        warnings: context.warnings,
      })
      const stored = await this.#write(object, context)
      written = !context.dryRun
      return stored
    } finally {
      finish(written)
    }
  }

  async #write(object: KubeObject, { dryRun }: WriteContext): Promise<StoredObject> {
    const { cache, store, leases } = this.#deps
    const { keyPrefix, codec } = cache.config
    const key = objectKeyOf({ namespace: '', ...object.metadata })
    const value = codec.encode(object)
    if (dryRun) {
      const { kv } = await store.get(keyPrefix + key)
      if (kv) throw this.#exists(object, kv.value)
      return codec.show(key, object, value, 0)
    }
    const result = await store.create(keyPrefix + key, value, await leases?.take())
    if (result.ok) return codec.show(key, object, value, result.revision)
    throw this.#exists(object, result.current?.value)
  }

  #exists(object: KubeObject, current: Buffer | undefined): Error {
    const error = alreadyExists(this.#deps.definition.type, object.metadata.name)
    if (current && isTerminating(current)) {
      error.status.message = `object is being deleted: ${error.message}`
    }
    return error
  }
}

function isTerminating(value: Buffer): boolean {
  const { metadata } = JSON.parse(value.toString()) as KubeObject
  return metadata.deletionTimestamp !== undefined
}

/** What holds for every object's metadata; the kind's own rule of names is its strategy's. */
export function metadataErrorsOf({ metadata }: KubeObject, namespaced: boolean): FieldError[] {
  return validateObjectMeta(metadata, { namespaced, name: nameIsPathSegment })
}

/** rest.EnsureObjectNamespaceMatchesRequestNamespace. */
export function fillNamespace({ metadata }: KubeObject, expected: string): void {
  const stated = metadata.namespace ?? ''
  if (stated === expected) return
  if (stated !== '' && expected !== '') {
    throw badRequest(
      'the namespace of the provided object does not match the namespace sent on the request',
    )
  }
  if (expected === '') delete metadata.namespace
  else metadata.namespace = expected
}
