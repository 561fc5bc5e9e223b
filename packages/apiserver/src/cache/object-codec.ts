import type { KubeObject } from '@kemu/api'
import type { StoredForm } from '@kemu/api/kinds'
import type { KeyValue } from '../store/key-value-store.ts'
import { encodeStored, StoredObject } from './stored-object.ts'
import type { FacetsOf } from './stored-object.ts'

/**
 * Between a resource's objects and the store's bytes. Most kinds are stored as they are; a kind may
 * also be another kind's
 * stored objects in other words (events.k8s.io), and is translated here and nowhere else.
 */
export class ObjectCodec {
  readonly #facetsOf: FacetsOf
  readonly #form: StoredForm | undefined

  constructor(facetsOf: FacetsOf, form?: StoredForm) {
    this.#facetsOf = facetsOf
    this.#form = form
  }

  read(key: string, kv: KeyValue): StoredObject {
    if (!this.#form) return StoredObject.read(key, kv, this.#facetsOf)
    const stored = JSON.parse(kv.value.toString()) as KubeObject
    const object = this.#form.fromStored(stored)
    return StoredObject.written(key, encodeStored(object), kv.modRevision, this.#facetsOf(object))
  }

  encode(object: KubeObject): Buffer {
    return encodeStored(this.#form ? this.#form.toStored(object) : object)
  }

  /** What was just written as `value`, or would be in a dry run. */
  show(key: string, object: KubeObject, value: Buffer, revision: number): StoredObject {
    const facets = this.#facetsOf(object)
    const shown = this.#form ? encodeStored(object) : value
    return StoredObject.written(key, shown, revision, facets)
  }
}
