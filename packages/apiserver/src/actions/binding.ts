import { badRequest, conflict, deepCopy, formatTime, plainError, pods } from '@kemu/api'
import type { Binding, FieldError, Pod, PodCondition } from '@kemu/api'
import type { KindDefinition } from '@kemu/api/kinds'
import type { ActionHandler } from '../registry/action-handler.ts'
import { decodeBody } from '../registry/body-decoder.ts'
import type { Catalog } from '../registry/catalog.ts'
import { objectKeyOf } from '../registry/object-reader.ts'
import type { Transform } from '../registry/transform.ts'
import type { UpdateRules } from '../registry/update-rules.ts'
import { methodNotAllowed } from '../registry/resource-handler.ts'
import { strategyContext } from '../registry/write-context.ts'
import type { WriteContext } from '../registry/write-context.ts'
import type { ResourceRequest } from '../request/api-request.ts'
import type { ApiResponse } from '../request/api-response.ts'

/** Why a pod cannot be bound, in upstream's words; the answer is a Conflict. */
class BindingError extends Error {}

/** `pods/binding`, and `bindings` of old: gives a pod its node. */
export function bindingHandler(catalog: Catalog): ActionHandler {
  return {
    async handle({ path, operation }: ResourceRequest, _entry, _context, write) {
      if (operation.verb !== 'create') throw methodNotAllowed()
      const definition = catalog.find('', 'v1', 'bindings')!.definition as KindDefinition<Binding>
      const { body, options } = operation
      const kind = definition as unknown as KindDefinition
      const binding = (await decodeBody(kind, body, options, write.warnings)) as Binding
      const name = path.subresource === '' ? binding.metadata.name : path.name
      if (name !== binding.metadata.name) {
        throw badRequest('name in URL does not match name in Binding object')
      }
      const errors = definition.strategy.validate(binding, strategyContext(write))
      if (errors.length > 0) throw plainError(aggregate(errors))
      await bind(catalog, binding, { ...write, path: podPath(path.namespace, name) })
      return success(201)
    },
  }
}

/** field.ErrorList.ToAggregate: upstream forgets to make an Invalid of it. */
function aggregate(errors: readonly FieldError[]): string {
  const texts = errors.map(({ field, detail }) => `${field}: ${detail}`)
  return texts.length === 1 ? texts[0]! : `[${texts.join(', ')}]`
}

async function bind(catalog: Catalog, binding: Binding, write: WriteContext): Promise<void> {
  const { updater } = catalog.storeOf(pods)
  const transform: Transform = (old) => bound(old as Pod, binding, write.nowMs)
  try {
    await updater.update(objectKeyOf(write.path), transform, bindingRules, write)
  } catch (error) {
    if (!(error instanceof BindingError)) throw error
    throw conflict({ group: '', resource: 'pods/binding' }, binding.metadata.name, error.message)
  }
}

/** The pod with its node; throws a BindingError when it cannot have one. */
function bound(old: Pod, binding: Binding, nowMs: number): Pod {
  const { uid, resourceVersion, annotations, labels } = binding.metadata
  const pod = deepCopy(old)
  const { metadata, spec } = pod
  const { name } = metadata
  if (uid) metadata.uid = uid
  if (resourceVersion) metadata.resourceVersion = resourceVersion
  if (metadata.deletionTimestamp !== undefined) {
    throw new BindingError(`pod ${name} is being deleted, cannot be assigned to a host`)
  }
  if (spec.nodeName) {
    throw new BindingError(
      `pod ${name} is already assigned to node ${JSON.stringify(spec.nodeName)}`,
    )
  }
  if ((spec.schedulingGates ?? []).length > 0) {
    throw new BindingError(`pod ${name} has non-empty .spec.schedulingGates`)
  }
  spec.nodeName = binding.target.name ?? ''
  pod.status ??= {}
  delete pod.status.nominatedNodeName
  if (annotations) metadata.annotations = { ...metadata.annotations, ...annotations }
  if (labels) metadata.labels = { ...metadata.labels, ...labels }
  setCondition(pod, { type: 'PodScheduled', status: 'True' }, nowMs)
  return pod
}

/** The binding is its own rule: what it sets no update may. */
const bindingRules: UpdateRules = {
  prepareForUpdate: () => {},
  validateUpdate: () => [],
  allowCreateOnUpdate: false,
  allowUnconditionalUpdate: true,
}

/** podutil.UpdatePodCondition: the time of the last transition moves only with the status. */
export function setCondition(pod: Pod, wanted: PodCondition, nowMs: number): void {
  pod.status ??= {}
  const conditions = (pod.status.conditions ??= [])
  const at = conditions.findIndex(({ type }) => type === wanted.type)
  const present = conditions[at]
  const lastTransitionTime =
    present?.status === wanted.status && present.lastTransitionTime !== undefined
      ? present.lastTransitionTime
      : formatTime(nowMs)
  const next = { ...wanted, lastTransitionTime }
  if (at < 0) conditions.push(next)
  else conditions[at] = next
}

function podPath(namespace: string, name: string): WriteContext['path'] {
  return { group: '', version: 'v1', resource: 'pods', namespace, name, subresource: 'binding' }
}

export function success(code: number): ApiResponse {
  const status = { kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Success', code }
  return { form: 'status', code, status }
}
