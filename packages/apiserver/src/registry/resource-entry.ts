import type { KindDefinition, SubresourceDefinition } from '@kemu/api/kinds'
import type { ResourcePath } from '../request/api-request.ts'
import type { ResourceStore } from './resource-store.ts'

/** A kind as this server serves it. */
export interface ResourceEntry {
  readonly definition: KindDefinition
  /** Undefined for kinds that are only asked (reviews). */
  readonly store: ResourceStore | undefined
}

export function subresourceOf(
  { definition }: ResourceEntry,
  { subresource }: ResourcePath,
): SubresourceDefinition | undefined {
  return definition.subresources.find(({ name }) => name === subresource)
}
