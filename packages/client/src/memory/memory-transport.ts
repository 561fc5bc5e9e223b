import { alreadyExists, conflict, deepCopy, notFound, parseSelector, statusError } from '@kemu/api'
import type { KubeList, KubeObject } from '@kemu/api'
import type {
  DeleteOptions,
  ListOptions,
  PatchType,
  ResourcePath,
  Transport,
  WatchEvent,
  WatchOptions,
} from '../transport.ts'
import { EventLog } from './event-log.ts'
import { mergePatch } from './merge-patch.ts'

/** Called before each write with the verb and path; what it throws is the answer (a fault of a test's choosing). */
export type WriteHook = (verb: string, path: ResourcePath, object: unknown) => void

/**
 * An API server in memory for unit tests of controllers: uids, resourceVersions, conflicts, generations, status apart
 * from spec, finalizers, selectors, watches that replay. It knows no kinds: no defaults, no validation, no admission;
 * a strategic patch is taken as a merge patch.
 */
export class MemoryTransport implements Transport {
  readonly #objects = new Map<string, KubeObject>()
  readonly #log = new EventLog()
  readonly #nowText: () => string
  #version = 0
  onWrite: WriteHook = () => {}
  /** Every write in order, as `verb resource/name[/subresource]`. */
  readonly writes: string[] = []

  constructor(nowText: () => string = () => '2026-01-01T00:00:00Z') {
    this.#nowText = nowText
  }

  async get(path: ResourcePath): Promise<KubeObject> {
    return deepCopy(this.#find(path))
  }

  async list(path: ResourcePath, options: ListOptions = {}): Promise<KubeList<KubeObject>> {
    const items = [...this.#objects.entries()]
      .filter(
        ([key, object]) => key.startsWith(collectionKey(path)) && selects(path, options, object),
      )
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([, object]) => deepCopy(object))
    return {
      apiVersion: 'v1',
      kind: 'List',
      metadata: { resourceVersion: String(this.#version) },
      items,
    }
  }

  async *watch(
    path: ResourcePath,
    options: WatchOptions,
    signal: AbortSignal,
  ): AsyncIterable<WatchEvent[]> {
    const from = Number(options.resourceVersion ?? this.#version)
    for await (const { key, type, object, old } of this.#log.from(from, signal)) {
      if (!key.startsWith(collectionKey(path))) continue
      const now = selects(path, options, object)
      const before = old !== undefined && selects(path, options, old)
      if (type === 'DELETED' ? before : now) {
        yield [{ type: type === 'MODIFIED' && !before ? 'ADDED' : type, object: deepCopy(object) }]
      } else if (before) yield [{ type: 'DELETED', object: deepCopy(object) }]
    }
  }

  async create(path: ResourcePath, body: object): Promise<KubeObject> {
    const object = deepCopy(body) as KubeObject
    this.#note('create', path, object)
    if (path.subresource !== '') return object
    const meta = object.metadata as Partial<KubeObject['metadata']>
    const suffix = String(this.#version + 1).padStart(5, '0')
    const name = meta.name ?? `${meta.generateName ?? ''}${suffix}`
    const namespace = path.namespace || meta.namespace
    const key = objectKeyOf({ ...path, namespace: namespace ?? '', name })
    if (this.#objects.has(key)) throw alreadyExists(path, name)
    object.metadata = {
      ...meta,
      name,
      ...(namespace && { namespace }),
      uid: `uid-${this.#version + 1}`,
      generation: 1,
      creationTimestamp: this.#nowText(),
      resourceVersion: '',
    }
    return this.#store(key, object, undefined)
  }

  async update(path: ResourcePath, body: object): Promise<KubeObject> {
    const object = deepCopy(body) as KubeObject
    this.#note('update', path, object)
    const old = this.#find(path)
    const given = object.metadata.resourceVersion
    if (given && given !== old.metadata.resourceVersion) throw conflict(path, path.name)
    return this.#replace(path, old, object)
  }

  async patch(path: ResourcePath, type: PatchType, patch: unknown): Promise<KubeObject> {
    this.#note('patch', path, patch)
    if (type === 'json' || type === 'apply')
      throw statusError('UnsupportedMediaType', `memory: no ${type} patches`)
    const old = this.#find(path)
    return this.#replace(path, old, mergePatch(old, patch) as KubeObject)
  }

  async delete(path: ResourcePath, options: DeleteOptions = {}): Promise<KubeObject> {
    this.#note('delete', path, options)
    const old = this.#find(path)
    const uid = options.preconditions?.uid
    if (uid !== undefined && uid !== old.metadata.uid)
      throw conflict(path, path.name, 'Precondition failed: UID')
    const waits = (old.metadata.finalizers ?? []).length > 0
    if (!waits) return this.#remove(path, old)
    const object = deepCopy(old)
    object.metadata.deletionTimestamp ??= this.#nowText()
    return this.#store(objectKeyOf(path), object, old)
  }

  async deleteCollection(path: ResourcePath, list: ListOptions): Promise<void> {
    for (const { metadata } of (await this.list(path, list)).items) {
      await this.delete({ ...path, name: metadata.name, namespace: metadata.namespace ?? '' })
    }
  }

  close(): void {
    this.#log.close()
  }

  #replace(path: ResourcePath, old: KubeObject, object: KubeObject): KubeObject {
    const next = (
      path.subresource === 'status' ? withStatus(old, object) : withStatus(object, old)
    ) as KubeObject
    next.metadata = {
      ...next.metadata,
      uid: old.metadata.uid,
      generation: generationAfter(old, next),
    }
    const gone = old.metadata.deletionTimestamp && (next.metadata.finalizers ?? []).length === 0
    if (gone) return this.#remove(path, next)
    return this.#store(objectKeyOf(path), next, old)
  }

  #store(key: string, object: KubeObject, old: KubeObject | undefined): KubeObject {
    object.metadata.resourceVersion = String(++this.#version)
    this.#objects.set(key, object)
    this.#log.append({ key, type: old ? 'MODIFIED' : 'ADDED', object, old, version: this.#version })
    return deepCopy(object)
  }

  #remove(path: ResourcePath, old: KubeObject): KubeObject {
    const key = objectKeyOf(path)
    this.#objects.delete(key)
    const object = deepCopy(old)
    object.metadata.resourceVersion = String(++this.#version)
    this.#log.append({ key, type: 'DELETED', object, old, version: this.#version })
    return deepCopy(object)
  }

  #find(path: ResourcePath): KubeObject {
    const object = this.#objects.get(objectKeyOf(path))
    if (!object) throw notFound(path, path.name)
    return object
  }

  #note(verb: string, path: ResourcePath, object: unknown): void {
    this.onWrite(verb, path, object)
    const { resource, name, subresource } = path
    this.writes.push(
      [`${verb} ${resource}`, name, subresource].filter((part) => part !== '').join('/'),
    )
  }
}

function collectionKey({ group, resource, namespace }: ResourcePath): string {
  return `${group}/${resource}/${namespace === '' ? '' : `${namespace}/`}`
}

function objectKeyOf(path: ResourcePath): string {
  return `${path.group}/${path.resource}/${path.namespace}/${path.name}`
}

function withStatus(object: KubeObject, statusFrom: KubeObject): object {
  const { status } = statusFrom as KubeObject & { status?: unknown }
  return { ...deepCopy(object), ...(status !== undefined && { status: deepCopy(status) }) }
}

function generationAfter(old: KubeObject, next: KubeObject): number {
  const spec = (object: KubeObject): string => JSON.stringify((object as { spec?: unknown }).spec)
  return (old.metadata.generation ?? 1) + (spec(old) === spec(next) ? 0 : 1)
}

function selects(path: ResourcePath, options: ListOptions, object: KubeObject): boolean {
  if (path.name !== '' && object.metadata.name !== path.name) return false
  if (
    options.labelSelector &&
    !parseSelector(options.labelSelector).matches(object.metadata.labels)
  )
    return false
  return (options.fieldSelector ?? '')
    .split(',')
    .every((term) => term === '' || fieldHolds(object, term))
}

function fieldHolds(object: KubeObject, term: string): boolean {
  const [, path, operator, wanted] = /^(.*?)(!?=)=?(.*)$/.exec(term) ?? []
  let value: unknown = object
  for (const key of path!.split('.')) value = (value as Record<string, unknown> | undefined)?.[key]
  return ((value ?? '') === wanted) === (operator === '=')
}
