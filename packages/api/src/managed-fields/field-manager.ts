import { decodeValue } from '../decode/decode-text.ts'
import { DecodeError } from '../decode/object-decoder.ts'

import type { ObjectMeta } from '../generated/types.ts'
import { deepEqual } from '../object.ts'
import type { KubeObject } from '../object.ts'
import { apiVersionOf, parseApiVersion } from '../resource-type.ts'
import { catalogue } from '../schema/catalogue.ts'
import type { Definition } from '../schema/schema-node.ts'
import { badRequest, plainError } from '../status-error.ts'
import type { ExpectedType } from '../decode/type-mismatch.ts'
import { conflictError, withoutAllowed } from './apply-conflict.ts'
import { configurationErrors } from './configuration.ts'
import { FieldSet } from './field-set.ts'
import { lastAppliedFields, refreshLastApplied } from './last-applied.ts'
import { capUpdaters, managerKey, readManagers, writeManagers } from './managers.ts'
import type { Manager, Managers } from './managers.ts'
import { applyConfiguration, ApplyConflicts, ownAfterUpdate } from './ownership.ts'
import type { Applied, WriteContext } from './ownership.ts'
import { fieldElement } from './path-element.ts'
import { ListKeyError, placeOf } from './place.ts'

export interface FieldManagerOptions {
  readonly type: ExpectedType
  /** '' for writes of the object itself. */
  readonly subresource: string
  /**
   * Paths of fields that these writes cannot change: `[['status']]` for the object, `[['spec']]` for its
   * status.
   */
  readonly resetFields: readonly (readonly string[])[]
}

/** One write. */
export interface Write {
  /** Who writes: the fieldManager of the request, or what its user agent begins with. */
  readonly manager: string
  /** RFC 3339 with whole seconds. */
  readonly time: string
}

/**
 * * Keeps metadata.managedFields of one kind (KEP-555). Objects are in the request's version; none that
 * come in are changed. Upstream counterpart: apimachinery's util/managedfields.
 */
export class FieldManager {
  readonly #options: FieldManagerOptions
  readonly #definition: Definition
  readonly #context: WriteContext

  constructor(options: FieldManagerOptions) {
    this.#options = options
    this.#definition = catalogue().definition(options.type.schema)
    this.#context = {
      place: placeOf(this.#definition),
      apiVersion: apiVersionOf(options.type),
      reset: FieldSet.of(...options.resetFields.map((path) => path.map(fieldElement))),
    }
  }

  /** A new or changed object with its managers brought up to date; `live` is undefined for a new one. */
  update(live: KubeObject | undefined, object: KubeObject, write: Write): KubeObject {
    const known = this.#managersOf(live, object)
    const before = withoutManagers(live ?? this.#empty())
    const after = withoutManagers(object)
    if (known.size === 0 && live) return after
    try {
      return withManagers(after, capUpdaters(this.#updated(before, after, known, write)))
    } catch (error) {
      // As upstream: a list whose items cannot be told apart goes unaccounted for.
      if (error instanceof ListKeyError) return withManagers(after, known)
      throw error
    }
  }

  /**
   * * Server-side apply. Throws StatusErrors: a Conflict with a cause for each field, or what is wrong with
   * the configuration. The answer is decoded, but has no defaults yet.
   */
  apply(
    live: KubeObject | undefined,
    config: KubeObject,
    write: Write & { readonly force: boolean },
  ): KubeObject {
    this.#check(config)
    const current = live ?? this.#empty()
    const before = withoutManagers(current)
    const managers = this.#ownedBeforeApply(live, before, write)
    const applied = this.#applied(before, config, managers, write)
    const object = this.#decode(
      refreshLastApplied(applied.object as KubeObject, config, write.manager),
    )
    const changed = !deepEqual(object, before)
    const key = managerKey(this.#writer(write, 'Apply'))
    const own = applied.managers.get(key)
    const time = changed ? write.time : readManagers(current.metadata.managedFields)?.get(key)?.time
    const dated = own && new Map(applied.managers).set(key, withTime(own, time))
    return withManagers(object, dated ?? applied.managers)
  }

  #check(config: KubeObject): void {
    const { group, version, kind } = this.#options.type
    if (config.kind !== kind || config.apiVersion !== apiVersionOf({ group, version }))
      throw badRequest(`invalid object type: ${describeType(config)}`)
    if (config.metadata?.managedFields) throw badRequest('metadata.managedFields must be nil')
    const errors = configurationErrors(this.#definition, config)
    if (errors.length === 0) return
    const all =
      errors.length === 1 ? errors[0]! : ['errors:', ...errors.map((e) => `  ${e}`)].join('\n')
    throw plainError(`failed to create typed patch object (${describe(config)}): ${all}`)
  }

  #applied(
    live: KubeObject,
    config: KubeObject,
    managers: Managers,
    write: Write & { readonly force: boolean },
  ): Applied {
    const manager = this.#writer(write, 'Apply')
    const applier = { key: managerKey(manager), manager, force: write.force }
    try {
      return applyConfiguration(this.#context, live, config, managers, applier)
    } catch (error) {
      if (!(error instanceof ApplyConflicts)) throw error
      // What kubectl applied on the client's side is its own on the server's.
      const allowed = lastAppliedFields(this.#context, live, write.manager)
      const conflicts = withoutAllowed(error.conflicts, allowed)
      if (conflicts.length > 0) throw conflictError(conflicts)
      return applyConfiguration(this.#context, live, config, managers, { ...applier, force: true })
    }
  }

  /** An object that nobody kept account of belongs to `before-first-apply`. */
  #ownedBeforeApply(live: KubeObject | undefined, before: KubeObject, write: Write): Managers {
    const known = readManagers(live?.metadata.managedFields) ?? new Map<string, Manager>()
    if (known.size > 0 || !live) return known
    const first = { manager: 'before-first-apply', time: write.time }
    return this.#updated(this.#empty(), before, known, first)
  }

  #updated(live: KubeObject, object: KubeObject, managers: Managers, write: Write): Managers {
    const manager = this.#writer(write, 'Update')
    const self = { key: 'current-operation', manager }
    const owned = new Map(ownAfterUpdate(this.#context, live, object, managers, self))
    const own = owned.get(self.key)
    if (!own) return owned
    owned.delete(self.key)
    const key = managerKey(manager)
    const previous = owned.get(key)?.fields ?? new FieldSet()
    return owned.set(key, { ...own, fields: own.fields.union(previous) })
  }

  /** What a request states counts, unless it is a part's; an empty list takes all ownership away. */
  #managersOf(live: KubeObject | undefined, object: KubeObject): Managers {
    const stated = object.metadata.managedFields
    const stored = readManagers(live?.metadata.managedFields) ?? new Map<string, Manager>()
    if (this.#options.subresource !== '' || stated === undefined) return stored
    const isReset =
      stated.length === 0 || (stated.length === 1 && Object.keys(stated[0]!).length === 0)
    if (isReset) return new Map()
    const managers = readManagers(stated)
    return managers && managers.size > 0 ? managers : stored
  }

  #writer(
    { manager: name, time }: Write,
    operation: Manager['operation'],
  ): Omit<Manager, 'fields'> {
    const { apiVersion } = this.#context
    return { name, operation, apiVersion, subresource: this.#options.subresource, time }
  }

  /** What Go's type holds before anything is set. */
  #empty(): KubeObject {
    const { kind } = this.#options.type
    const { object } = decodeValue(this.#definition, {})
    return { ...object, kind, apiVersion: this.#context.apiVersion } as unknown as KubeObject
  }

  #decode(object: KubeObject): KubeObject {
    try {
      return decodeValue(this.#definition, object).object as unknown as KubeObject
    } catch (error) {
      if (error instanceof DecodeError) throw plainError(error.message)
      throw error
    }
  }
}

function withTime(manager: Manager, time: string | undefined): Manager {
  const { time: _, ...rest } = manager
  return time === undefined ? rest : { ...rest, time }
}

function withoutManagers(object: KubeObject): KubeObject {
  const { managedFields: _, ...metadata } = object.metadata
  return { ...object, metadata }
}

function withManagers(object: KubeObject, managers: Managers): KubeObject {
  const managedFields = writeManagers(managers)
  return managedFields
    ? { ...object, metadata: { ...object.metadata, managedFields } }
    : withoutManagers(object)
}

/** `default/web; apps/v1, Kind=Deployment` */
function describe(object: KubeObject): string {
  const { namespace, name }: Partial<ObjectMeta> = object.metadata ?? {}
  return `${namespace ?? ''}/${name ?? ''}; ${describeType(object)}`
}

/** Go's GroupVersionKind: `apps/v1, Kind=Deployment`, `/v1, Kind=Pod`. */
function describeType(object: Partial<KubeObject>): string {
  const { group, version } = parseApiVersion(object.apiVersion ?? '')
  return `${group}/${version}, Kind=${object.kind ?? ''}`
}
