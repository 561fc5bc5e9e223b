import type { KubeObject } from '../../object.ts'
import type { StatusSubresource } from '../kind-definition.ts'

type WithStatus = KubeObject & { spec?: unknown; status?: unknown }

/** The status subresource: everything but the status comes from the old object, unless the kind says otherwise. */
export function statusSubresource<T extends WithStatus>(
  rules: Partial<Pick<StatusSubresource<T>, 'prepareForUpdate' | 'validateUpdate'>> = {},
): StatusSubresource<T> {
  return {
    name: 'status',
    form: 'status',
    prepareForUpdate: rules.prepareForUpdate ?? keepSpec,
    validateUpdate: rules.validateUpdate ?? (() => []),
  }
}

/** What the status subresource does not change. */
export function keepSpec(object: WithStatus, old: WithStatus): void {
  object.spec = old.spec
  keepGeneration(object, old)
}

export function keepGeneration(object: KubeObject, old: KubeObject): void {
  if (old.metadata.generation === undefined) delete object.metadata.generation
  else object.metadata.generation = old.metadata.generation
}

/** For an update of the whole object: the status is not the writer's. */
export function keepStatus(object: WithStatus, old: WithStatus): void {
  if (old.status === undefined) delete object.status
  else object.status = old.status
}
