import { badRequest, deepCopy, statusError } from '@kemu/api'
import type { KubeObject } from '@kemu/api'
import type { Clock, Random } from '@kemu/base'
import { unreachable } from '@kemu/base'
import type { AdmissionChain } from '../admission/admission.ts'
import { StoredObject } from '../cache/stored-object.ts'
import type {
  Operation,
  RequestContext,
  ResourcePath,
  ResourceRequest,
} from '../request/api-request.ts'
import type { ApiResponse } from '../request/api-response.ts'
import { isDryRun } from '../request/options.ts'
import type { DeleteOptions } from '../request/options.ts'
import type { ActionHandler } from './action-handler.ts'
import { checkPatchOptions, checkUrlName, checkWriteOptions, decodeBody } from './body-decoder.ts'
import type { Catalog } from './catalog.ts'
import { applyTransform, withManagers } from './field-management.ts'
import { objectKeyOf } from './object-reader.ts'
import type { DeleteResult } from './object-deleter.ts'
import type { Transform } from './transform.ts'
import type { UpdateRules } from './update-rules.ts'
import { dedupeOwners } from './owner-references.ts'
import { PageNotFound } from './page-not-found.ts'
import { patchTransform } from './patch-transform.ts'
import { subresourceOf } from './resource-entry.ts'
import type { ResourceEntry } from './resource-entry.ts'
import type { ResourceStore } from './resource-store.ts'
import { handleScale } from './scale-handler.ts'
import { rulesOfObject, rulesOfPart } from './update-rules.ts'
import type { WriteContext } from './write-context.ts'

export interface HandlerDeps {
  readonly catalog: Catalog
  readonly admission: AdmissionChain
  readonly clock: Clock
  readonly random: Random
  /** --pod-loopback-range */
  readonly podLoopbackRange: string | undefined
  /**
   * What the server does itself for subresources and kinds that are only asked: by
   * `resource.group/subresource`.
   */
  readonly actions: ReadonlyMap<string, ActionHandler>
}

/** A watch without timeoutSeconds lasts between this and twice this (--min-request-timeout). */
const minRequestTimeoutMs = 1_800_000

type Of<V extends Operation['verb']> = Extract<Operation, { verb: V }>

/** The last stage: a verb on a resource or a part of one. */
export class ResourceHandler {
  readonly #deps: HandlerDeps

  constructor(deps: HandlerDeps) {
    this.#deps = deps
  }

  async handle(asked: ResourceRequest, context: RequestContext): Promise<ApiResponse> {
    const entry = this.#find(asked.path)
    if (entry.definition.deprecation) context.warnings.push(entry.definition.deprecation)
    // Authorization looks at a namespace as if it were in itself; storage does not.
    const request = entry.definition.type.namespaced ? asked : withoutNamespace(asked)
    const { path, operation } = request
    const write = this.#writeContext(path, operation, context)
    if (path.subresource !== '') return this.#subresource(entry, request, context, write)
    const action = this.#deps.actions.get(actionKey(path))
    if (action) return action.handle(request, entry, context, write)
    if (!entry.store) throw methodNotAllowed()
    return this.#verb(entry, entry.store, operation, path, write)
  }

  #find({ group, version, resource, namespace, name }: ResourcePath): ResourceEntry {
    const entry = this.#deps.catalog.find(group, version, resource)
    if (!entry) {
      throw this.#deps.catalog.hasGroup(group) ? pathNotFound() : new PageNotFound()
    }
    const { namespaced } = entry.definition.type
    const isNamespace = group === '' && resource === 'namespaces'
    if (!namespaced && namespace !== '' && !isNamespace) throw pathNotFound()
    if (namespaced && namespace === '' && name !== '') throw pathNotFound()
    return entry
  }

  async #verb(
    entry: ResourceEntry,
    store: ResourceStore,
    operation: Operation,
    path: ResourcePath,
    write: WriteContext,
  ): Promise<ApiResponse> {
    const allowed = entry.definition.verbs
    if (allowed && !allowed.includes(operation.verb)) throw methodNotAllowed()
    switch (operation.verb) {
      case 'get': {
        const object = await store.reader.get(path, operation.resourceVersion)
        return { form: 'object', code: 200, object, entry }
      }
      case 'list':
        return { form: 'list', page: await store.reader.list(path, operation.options), entry }
      case 'watch':
        return this.#watch(entry, store, operation, path)
      case 'create':
        return this.#create(entry, store, operation, write)
      case 'update':
      case 'patch':
        return this.#update(
          entry,
          store,
          operation,
          rulesOfObject(entry.definition.strategy),
          write,
        )
      case 'delete':
        return deleteResponse(
          entry,
          operation.options,
          await store.deleter.delete(objectKeyOf(path), operation.options, write),
        )
      case 'deletecollection':
        return this.#deleteCollection(entry, store, operation, write)
      default:
        return unreachable(operation)
    }
  }

  async #watch(
    entry: ResourceEntry,
    store: ResourceStore,
    { options }: Of<'watch'>,
    path: ResourcePath,
  ): Promise<ApiResponse> {
    const watcher = await store.reader.watch(path, options)
    const timeoutMs =
      options.timeoutSeconds > 0
        ? options.timeoutSeconds * 1000
        : minRequestTimeoutMs * (1 + this.#deps.random.next())
    return { form: 'watch', watcher, entry, timeoutMs }
  }

  async #create(
    entry: ResourceEntry,
    store: ResourceStore,
    { body, options }: Of<'create'>,
    write: WriteContext,
  ): Promise<ApiResponse> {
    const { definition } = entry
    const wanted = await decodeBody(definition, body, options, write.warnings)
    checkCreateNamespace(wanted, definition.type.namespaced, write.path)
    // Upstream gives admission an object that has its namespace already.
    if (definition.type.namespaced) wanted.metadata.namespace ||= write.path.namespace
    dedupeOwners(wanted, write.warnings)
    const object = await withManagers(definition, wanted, undefined, write)
    await write.admission.admit({
      operation: 'CREATE',
      path: { ...write.path, name: object.metadata.name ?? '' },
      definition,
      object,
      old: undefined,
      user: write.user,
      dryRun: write.dryRun,
      warnings: write.warnings,
    })
    const created = await store.creator.create(object, write)
    return { form: 'object', code: 201, object: created, entry }
  }

  async #update(
    entry: ResourceEntry,
    store: ResourceStore,
    operation: Of<'update'> | Of<'patch'>,
    rules: UpdateRules,
    write: WriteContext,
  ): Promise<ApiResponse> {
    const isWhole = write.path.subresource === ''
    const isApply = operation.verb === 'patch' && operation.type === 'apply'
    const transform = await this.#transform(entry, operation, write)
    const admitted: Transform = async (old) => {
      const wanted = await transform(old)
      dedupeOwners(wanted, write.warnings)
      const object = isApply ? wanted : await withManagers(entry.definition, wanted, old, write)
      await write.admission.admit({
        operation: old ? 'UPDATE' : 'CREATE',
        path: write.path,
        definition: entry.definition,
        object,
        old,
        user: write.user,
        dryRun: write.dryRun,
        warnings: write.warnings,
      })
      return object
    }
    const effective =
      operation.verb === 'patch'
        ? { ...rules, allowCreateOnUpdate: isApply && isWhole, uidIsPrecondition: false }
        : rules
    const result = await store.updater.update(objectKeyOf(write.path), admitted, effective, write)
    return { form: 'object', code: result.created ? 201 : 200, object: result.object, entry }
  }

  async #transform(
    entry: ResourceEntry,
    operation: Of<'update'> | Of<'patch'>,
    write: WriteContext,
  ): Promise<Transform> {
    if (operation.verb === 'update') {
      checkWriteOptions(operation.options, 'UpdateOptions')
      return this.#putTransform(entry, operation, write)
    }
    checkPatchOptions(operation)
    return operation.type === 'apply'
      ? applyTransform(entry.definition, operation, write)
      : patchTransform(entry.definition, operation, write)
  }

  async #putTransform(
    { definition }: ResourceEntry,
    { body, options }: Of<'update'>,
    { path, warnings }: WriteContext,
  ): Promise<Transform> {
    const object = await decodeBody(definition, body, options, warnings)
    const { name } = object.metadata
    checkUrlName(name, path.name)
    return () => deepCopy(object)
  }

  async #deleteCollection(
    entry: ResourceEntry,
    store: ResourceStore,
    operation: Of<'deletecollection'>,
    write: WriteContext,
  ): Promise<ApiResponse> {
    if (entry.definition.type.namespaced && write.path.namespace === '') throw methodNotAllowed()
    const items = await store.deleter.deleteCollection(operation.list, operation.options, write)
    const page = {
      items,
      resourceVersion: String(store.cache.revision),
      continue: '',
      remainingItemCount: undefined,
    }
    return { form: 'list', page, entry }
  }

  async #subresource(
    entry: ResourceEntry,
    request: ResourceRequest,
    context: RequestContext,
    write: WriteContext,
  ): Promise<ApiResponse> {
    const { path, operation } = request
    const subresource = subresourceOf(entry, path)
    const { store } = entry
    if (!subresource || !store) throw pathNotFound()
    if (subresource.form === 'action') {
      const action = this.#deps.actions.get(actionKey(path))
      if (!action) throw pathNotFound()
      return action.handle(request, entry, context, write)
    }
    if (subresource.form === 'scale')
      return handleScale(entry, store, subresource, operation, write)
    if (operation.verb === 'get') {
      const object = await store.reader.get(path, operation.resourceVersion)
      return { form: 'object', code: 200, object, entry }
    }
    const verbs = subresource.form === 'part' ? subresource.verbs : ['patch', 'update']
    if (
      (operation.verb !== 'update' && operation.verb !== 'patch') ||
      !verbs.includes(operation.verb)
    )
      throw methodNotAllowed()
    const rules = rulesOfPart(entry.definition.strategy, subresource)
    return this.#update(entry, store, operation, rules, write)
  }

  #writeContext(path: ResourcePath, operation: Operation, context: RequestContext): WriteContext {
    return {
      path,
      user: context.user,
      dryRun: 'options' in operation && isDryRun(operation.options as { dryRun?: string[] }),
      nowMs: this.#deps.clock.now(),
      warnings: context.warnings,
      admission: this.#deps.admission,
      podLoopbackRange: this.#deps.podLoopbackRange,
      fieldManager: fieldManagerOf(operation, context),
    }
  }
}

/** What a client calls itself, or the first word of its user agent (managerOrUserAgent). */
function fieldManagerOf(operation: Operation, { caller }: RequestContext): string {
  const stated = 'body' in operation ? operation.options.fieldManager : ''
  return stated || (caller.userAgent.split('/')[0] ?? '')
}

function withoutNamespace(request: ResourceRequest): ResourceRequest {
  return { ...request, path: { ...request.path, namespace: '' } }
}

/** `pods/binding`, `tokenreviews.authentication.k8s.io`. */
function actionKey({ group, resource, subresource }: ResourcePath): string {
  const base = group === '' ? resource : `${resource}.${group}`
  return subresource === '' ? base : `${base}/${subresource}`
}

function checkCreateNamespace(
  { metadata }: KubeObject,
  namespaced: boolean,
  { namespace }: ResourcePath,
): void {
  if (!namespaced) return
  if (namespace === '') throw methodNotAllowed()
  if (metadata.namespace && metadata.namespace !== namespace) {
    throw badRequest(
      'the namespace of the provided object does not match the namespace sent on the request',
    )
  }
}

function deleteResponse(
  entry: ResourceEntry,
  { orphanDependents, propagationPolicy }: DeleteOptions,
  { answer, gone }: DeleteResult,
): ApiResponse {
  const accepted = !gone && (orphanDependents === false || propagationPolicy === 'Foreground')
  const code = accepted ? 202 : 200
  if (answer instanceof StoredObject) return { form: 'object', code, object: answer, entry }
  return { form: 'status', code, status: answer }
}

export function methodNotAllowed(): Error {
  return statusError(
    'MethodNotAllowed',
    'the server does not allow this method on the requested resource',
    {},
  )
}

function pathNotFound(): Error {
  return statusError('NotFound', 'the server could not find the requested resource', {})
}
