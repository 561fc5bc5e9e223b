import type { KubeObject } from '../object.ts'
import type { ResourceType } from '../resource-type.ts'
import type { FieldError } from '../status-error.ts'
import type { NameRule } from '../validation/name-rules.ts'

/**
 * One kind, said once. From it an API server derives REST and gRPC paths, discovery, OpenAPI, storage keys, defaulting,
 * validation and the columns of `kubectl get`. A kind is one room under kinds/<group>/ and one line in kinds/registry.ts.
 */
export interface KindDefinition<T extends KubeObject = KubeObject> {
  readonly type: ResourceType<T>
  readonly singular: string
  readonly shortNames: readonly string[]
  /** `all` makes `kubectl get all` show it. */
  readonly categories: readonly string[]
  /** The definition's name in OpenAPI: io.k8s.api.apps.v1.Deployment. */
  readonly schema: string
  /** Absent means the standard eight. */
  readonly verbs?: readonly Verb[]
  /** How it is kept; absent for kinds that are only asked (TokenReview): the server answers them itself. */
  readonly storage?: StorageDefinition
  readonly strategy: Strategy<T>
  readonly subresources: readonly SubresourceDefinition<T>[]
  readonly table: TableDefinition<T>
  /** For kinds on their way out: the warning that every request for one gets, reads included. */
  readonly deprecation?: string
  /** Fields for field selectors besides metadata.name and metadata.namespace. */
  selectableFields?(object: T): Record<string, string>
}

export type Verb =
  | 'create'
  | 'delete'
  | 'deletecollection'
  | 'get'
  | 'list'
  | 'patch'
  | 'update'
  | 'watch'

export interface StorageDefinition {
  /** Below /registry/, as upstream lays it out: `pods`, `minions`, `services/specs`. */
  readonly prefix: string
  /** Objects vanish this long after their last write (events); the server may override it by flag. */
  readonly ttlSeconds?: number
  /**
   * For a kind that is another kind's stored objects in other words (events.k8s.io Event, autoscaling/v1): which
   * kind is stored, and the way there and back. Both directions give new objects.
   */
  readonly as?: StoredForm
}

export interface StoredForm {
  readonly type: ResourceType
  toStored(object: KubeObject): KubeObject
  fromStored(stored: KubeObject): KubeObject
  /**
   * Field selectors are evaluated on the stored form: its name of this kind's selectable field, undefined if unknown.
   */
  storedField(field: string): string | undefined
}

/** What a strategy may know of the request. */
export interface RequestContext {
  readonly nowMs: number
  readonly user: {
    readonly name: string
    readonly groups: readonly string[]
    readonly uid: string
    readonly extra?: Readonly<Record<string, readonly string[]>>
  }
  readonly namespace: string
  /** `127.b.0.0/16`: loopback addresses that endpoints and pods may have all the same (--pod-loopback-range). */
  readonly podLoopbackRange?: string
}

/**
 * The rules of a kind, in the order in which the server asks them. Objects that come in may be changed in place; `old` is shared
 * and frozen. Upstream counterpart: a registry strategy plus SetDefaults_ and Validate functions.
 */
export interface Strategy<T extends KubeObject = KubeObject> {
  /** What names are like; the server checks the metadata with it. */
  readonly nameRule: NameRule
  /** Fills what the writer left out; must change nothing on what it filled before. */
  setDefaults(object: T): void
  /** After a generated name is known, before validation: what follows from the name (a namespace's label). */
  canonicalize?(object: T): void
  /** Before admission of a new object: what a client may not set (status, generation) is cleared. */
  prepareForCreate(object: T, context: RequestContext): void
  /** The same for an update of the whole object: status comes from `old`, generation grows when spec changed. */
  prepareForUpdate(object: T, old: T, context: RequestContext): void
  /** Broken rules of a new object, with upstream's paths and words; metadata is checked by the server. */
  validate(object: T, context: RequestContext): FieldError[]
  /** Broken rules of a change, immutability included; runs `validate`'s rules too where upstream does. */
  validateUpdate(object: T, old: T, context: RequestContext): FieldError[]
  /** What kubectl prints as `Warning: ...`. */
  warnings?(object: T, old: T | undefined): string[]
  /** PUT of a name that does not exist creates it (leases, endpoints, events ...). */
  readonly allowCreateOnUpdate: boolean
  /** PUT without a resourceVersion is taken as it is. */
  readonly allowUnconditionalUpdate: boolean
  /**
   * Decides on a delete request: how many seconds the object may take to end, 0 for at once, undefined where the kind
   * does not know graceful deletion (pods do).
   */
  gracePeriodSeconds?(object: T, requested: number | undefined): number | undefined
  /** What a delete without a propagation policy does to dependents; absent means `background`. Events refuse any. */
  readonly defaultGarbageCollection?: 'background' | 'orphan' | 'unsupported'
}

export type SubresourceDefinition<T extends KubeObject = KubeObject> =
  | StatusSubresource<T>
  | ScaleSubresource<T>
  | PartSubresource<T>
  | ActionSubresource

/** get, patch, update of the whole object, of which only the status is taken. */
export interface StatusSubresource<T extends KubeObject> {
  readonly name: 'status'
  readonly form: 'status'
  prepareForUpdate(object: T, old: T, context: RequestContext): void
  validateUpdate(object: T, old: T, context: RequestContext): FieldError[]
}

/** get, patch, update of autoscaling/v1 Scale. */
export interface ScaleSubresource<T extends KubeObject> {
  readonly name: 'scale'
  readonly form: 'scale'
  replicas(object: T): number
  setReplicas(object: T, replicas: number): void
  statusReplicas(object: T): number
  /** The selector as text, for autoscalers. */
  selector(object: T): string
}

/** A part of the object with rules of its own: approval, ephemeralcontainers, resize, finalize. */
export interface PartSubresource<T extends KubeObject> {
  readonly name: string
  readonly form: 'part'
  readonly verbs: readonly ('get' | 'patch' | 'update')[]
  prepareForUpdate(object: T, old: T, context: RequestContext): void
  validateUpdate(object: T, old: T, context: RequestContext): FieldError[]
}

/** Served by the API server by name: binding, eviction, token, log, exec, attach, portforward, proxy. */
export interface ActionSubresource {
  readonly name: string
  readonly form: 'action'
  readonly verbs: readonly string[]
  /** The kind that discovery shows for it, where it differs from the parent's. */
  readonly group?: string
  readonly version?: string
  readonly kind: string
}

/** The columns of meta/v1 Table, after `Name` (which is first, unless `nameColumn` says that the columns contain it). */
export interface TableDefinition<T extends KubeObject = KubeObject> {
  readonly columns: readonly TableColumn[]
  /** `among`: one of the columns is the name already (events show it last, and only when wide). */
  readonly nameColumn?: 'first' | 'among'
  /** The order of a list's rows, where it is not that of the names. */
  compare?(a: T, b: T): number
  /** One cell for each of the columns; all of them, wide ones too. */
  cells(object: T, nowMs: number): TableCell[]
  /** Row conditions (pods that are finished). */
  conditions?(object: T): { type: string; status: string; reason?: string; message?: string }[]
  /** The name cell, where it is more than the name (default storage classes). */
  name?(object: T): string
}

export type TableCell = string | number | boolean | null

export interface TableColumn {
  readonly name: string
  readonly type: 'string' | 'integer' | 'number' | 'boolean' | 'date'
  readonly description: string
  /** `name` on the column that holds the object's name, where `columns` contains it. */
  readonly format?: string
  /** Shown by `-o wide` only. */
  readonly wide?: boolean
}
