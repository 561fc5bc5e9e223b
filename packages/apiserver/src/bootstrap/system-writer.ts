import { isAlreadyExists } from '@kemu/api'
import type { Draft, KubeObject, ResourceType } from '@kemu/api'
import { apiVersionOf } from '@kemu/api'
import { assert } from '@kemu/base'
import type { Clock } from '@kemu/base'
import { AdmissionChain } from '../admission/admission.ts'
import type { StoredObject } from '../cache/stored-object.ts'
import type { Catalog } from '../registry/catalog.ts'
import { Lookup } from '../registry/lookup.ts'
import { objectKeyOf } from '../registry/object-reader.ts'
import type { Transform } from '../registry/transform.ts'
import type { UpdateRules } from '../registry/update-rules.ts'
import { rulesOfObject, rulesOfPart } from '../registry/update-rules.ts'
import type { WriteContext } from '../registry/write-context.ts'
import { systemUser } from '../request/user-info.ts'

/** What an object of the server's own says of itself. */
export type OwnObject<T extends KubeObject> = Omit<Draft<T>, 'apiVersion' | 'kind'> & {
  metadata: { name: string; namespace?: string }
}

/** Writes of the server itself: through the same rules of the kinds, without admission. */
export class SystemWriter {
  readonly #catalog: Catalog
  readonly #clock: Clock
  readonly #podLoopbackRange: string | undefined
  readonly lookup: Lookup

  constructor(catalog: Catalog, clock: Clock, podLoopbackRange: string | undefined) {
    this.#catalog = catalog
    this.lookup = new Lookup(catalog)
    this.#clock = clock
    this.#podLoopbackRange = podLoopbackRange
  }

  /** What the cache shows; the cache must be ready. */
  find<T extends KubeObject>(
    type: ResourceType<T>,
    namespace: string,
    name: string,
  ): T | undefined {
    const stored = this.#catalog.storeOf(type).cache.get(objectKeyOf({ namespace, name }))
    return stored && (stored.object as T)
  }

  /** Creates the object; false when somebody else has done so. */
  async create<T extends KubeObject>(type: ResourceType<T>, draft: OwnObject<T>): Promise<boolean> {
    const store = this.#catalog.storeOf(type)
    const object = {
      kind: type.kind,
      apiVersion: apiVersionOf(type),
      ...structuredClone(draft),
    } as unknown as KubeObject
    store.definition.strategy.setDefaults(object)
    try {
      await store.creator.create(object, this.context(type, draft.metadata))
      return true
    } catch (error) {
      if (isAlreadyExists(error)) return false
      throw error
    }
  }

  /** Changes an object that exists, as its present state wants it. */
  async update<T extends KubeObject>(
    type: ResourceType<T>,
    path: { name: string; namespace?: string },
    change: (old: T) => T,
  ): Promise<StoredObject> {
    const { strategy } = this.#catalog.storeOf(type).definition
    return this.#change(type, path, change, rulesOfObject(strategy))
  }

  /** The same for its status. */
  async updateStatus<T extends KubeObject>(
    type: ResourceType<T>,
    path: { name: string; namespace?: string },
    change: (old: T) => T,
  ): Promise<StoredObject> {
    const { strategy, subresources } = this.#catalog.storeOf(type).definition
    const status = subresources.find(({ form }) => form === 'status')
    assert(status?.form === 'status', 'the kind has a status of its own')
    return this.#change(type, path, change, rulesOfPart(strategy, status))
  }

  async #change<T extends KubeObject>(
    type: ResourceType<T>,
    path: { name: string; namespace?: string },
    change: (old: T) => T,
    updateRules: UpdateRules,
  ): Promise<StoredObject> {
    const store = this.#catalog.storeOf(type)
    const transform: Transform = (old) => change(old as T)
    const rules = { ...updateRules, allowCreateOnUpdate: false }
    const { namespace = '', name } = path
    const context = this.context(type, path)
    const key = objectKeyOf({ namespace, name })
    return (await store.updater.update(key, transform, rules, context)).object
  }

  context(
    type: ResourceType,
    { name, namespace = '' }: { name: string; namespace?: string },
  ): WriteContext {
    const { group, version, resource } = type
    return {
      path: { group, version, resource, namespace, name, subresource: '' },
      user: systemUser,
      dryRun: false,
      nowMs: this.#clock.now(),
      warnings: [],
      admission: new AdmissionChain([]),
      podLoopbackRange: this.#podLoopbackRange,
      fieldManager: 'kube-apiserver',
    }
  }
}
