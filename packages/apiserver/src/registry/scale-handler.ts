import { badRequest, deepCopy, invalid, statusError } from '@kemu/api'
import { fieldInvalid, fieldPath, negativeMessage } from '@kemu/api/validation'
import type { KubeObject } from '@kemu/api'
import type { ScaleSubresource } from '@kemu/api/kinds'
import type { Operation } from '../request/api-request.ts'
import type { ApiResponse } from '../request/api-response.ts'
import { checkUrlName, decodeAs } from './body-decoder.ts'
import { withManagers } from './field-management.ts'
import { objectKeyOf } from './object-reader.ts'
import type { Transform } from './transform.ts'
import { patchScale } from './patch-transform.ts'
import type { ResourceEntry } from './resource-entry.ts'
import type { ResourceStore } from './resource-store.ts'
import { scaleOf, scaleType } from './scale.ts'
import type { Scale } from './scale.ts'
import { rulesOfObject } from './update-rules.ts'
import type { WriteContext } from './write-context.ts'

/** get, update and patch of a workload's Scale. */
export async function handleScale(
  entry: ResourceEntry,
  store: ResourceStore,
  subresource: ScaleSubresource<KubeObject>,
  operation: Operation,
  write: WriteContext,
): Promise<ApiResponse> {
  if (operation.verb === 'get') {
    const object = await store.reader.get(write.path, operation.resourceVersion)
    return answer(scaleOf(object.object, subresource))
  }
  if (operation.verb !== 'update' && operation.verb !== 'patch') {
    throw statusError(
      'MethodNotAllowed',
      'the server does not allow this method on the requested resource',
    )
  }
  const wanted =
    operation.verb === 'patch'
      ? await patchScale(operation, write.warnings)
      : await putScale(operation, write)
  const transform: Transform = async (old) => {
    const scaled = deepCopy(old!)
    const scale = wanted(scaleOf(scaled, subresource))
    checkScale(scale, write)
    applyScale(scaled, scale, subresource)
    const object = await withManagers(entry.definition, scaled, old, write)
    await write.admission.admit({
      operation: 'UPDATE',
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
  const rules = { ...rulesOfObject(entry.definition.strategy), allowCreateOnUpdate: false }
  const { object } = await store.updater.update(objectKeyOf(write.path), transform, rules, write)
  return answer(scaleOf(object.object, subresource))
}

async function putScale(
  operation: Extract<Operation, { verb: 'update' }>,
  write: WriteContext,
): Promise<(present: Scale) => Scale> {
  const { body, options } = operation
  const scale = (await decodeAs(scaleType, body, options, write.warnings)) as Scale
  const { name, namespace } = scale.metadata
  checkUrlName(name, write.path.name)
  if (namespace && namespace !== write.path.namespace) {
    throw badRequest(
      'the namespace of the provided object does not match the namespace sent on the request',
    )
  }
  return () => scale
}

/** autoscaling validation.ValidateScale */
function checkScale({ spec }: Scale, { path }: WriteContext): void {
  const replicas = spec?.replicas ?? 0
  if (replicas >= 0) return
  throw invalid('autoscaling', 'Scale', path.name, [
    fieldInvalid(fieldPath('spec', 'replicas'), replicas, negativeMessage),
  ])
}

function applyScale(
  object: KubeObject,
  scale: Scale,
  subresource: ScaleSubresource<KubeObject>,
): void {
  subresource.setReplicas(object, scale.spec?.replicas ?? 0)
  const { uid, resourceVersion } = scale.metadata
  object.metadata.resourceVersion = resourceVersion ?? ''
  if (uid) object.metadata.uid = uid
}

function answer(scale: Scale): ApiResponse {
  return { form: 'object', code: 200, object: scale, entry: undefined }
}
