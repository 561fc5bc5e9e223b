import type { ManagedFieldsEntry } from '../generated/types.ts'
import { FieldSet } from './field-set.ts'

/** Who owns which fields: one entry of metadata.managedFields. */
export interface Manager {
  readonly name: string
  readonly operation: 'Apply' | 'Update'
  readonly apiVersion: string
  readonly subresource: string
  /** RFC 3339; undefined in entries that never had one. */
  readonly time?: string
  readonly fields: FieldSet
}

export type Managers = ReadonlyMap<string, Manager>

/** Two entries with one key are one manager; an applier may change its version. */
export function managerKey(manager: Omit<Manager, 'fields' | 'time'>): string {
  const { name, operation, apiVersion, subresource } = manager
  return JSON.stringify([operation, name, subresource, operation === 'Apply' ? '' : apiVersion])
}

/** undefined for entries that nobody should have written. */
export function readManagers(entries: readonly ManagedFieldsEntry[] = []): Managers | undefined {
  const managers = new Map<string, Manager>()
  for (const entry of entries) {
    const { operation, apiVersion, fieldsType } = entry
    if (operation !== 'Apply' && operation !== 'Update') return undefined
    if (!apiVersion || fieldsType !== 'FieldsV1') return undefined
    const manager: Manager = {
      name: entry.manager ?? '',
      operation,
      apiVersion,
      subresource: entry.subresource ?? '',
      ...(entry.time && { time: entry.time }),
      fields: FieldSet.parse(entry.fieldsV1),
    }
    managers.set(managerKey(manager), manager)
  }
  return managers
}

/** Entries in upstream's order: by operation, time, name. undefined when there are none. */
export function writeManagers(managers: Managers): ManagedFieldsEntry[] | undefined {
  if (managers.size === 0) return undefined
  return [...managers.values()].sort(compareManagers).map((manager) => ({
    manager: manager.name,
    operation: manager.operation,
    apiVersion: manager.apiVersion,
    ...(manager.time !== undefined && { time: manager.time }),
    fieldsType: 'FieldsV1',
    fieldsV1: manager.fields.toJSON(),
    ...(manager.subresource !== '' && { subresource: manager.subresource }),
  }))
}

function compareManagers(a: Manager, b: Manager): number {
  const order = (one: string, other: string): number => (one < other ? -1 : one > other ? 1 : 0)
  return (
    order(a.operation, b.operation) ||
    order(a.time ?? '', b.time ?? '') ||
    order(a.name, b.name) ||
    order(a.apiVersion, b.apiVersion) ||
    order(a.subresource, b.subresource)
  )
}

/** DefaultMaxUpdateManagers: more updaters than that are counted together. */
const maxUpdaters = 10

/** Merges the oldest updaters of one version into one called ancient-changes. */
export function capUpdaters(managers: Managers): Managers {
  const updaters = [...managers.values()]
    .filter(({ operation }) => operation === 'Update')
    .sort((a, b) => compareManagers(a, b))
  let surplus = updaters.length - maxUpdaters
  if (surplus <= 0) return managers
  const capped = new Map(managers)
  const first = new Map<string, Manager>()
  for (const manager of updaters) {
    if (surplus <= 0) break
    const oldest = first.get(manager.apiVersion)
    if (!oldest) {
      first.set(manager.apiVersion, manager)
      continue
    }
    const bucket: Manager = {
      ...manager,
      name: 'ancient-changes',
      subresource: '',
      fields: oldest.fields.union(manager.fields),
    }
    capped.delete(managerKey(oldest))
    capped.delete(managerKey(manager))
    capped.set(managerKey(bucket), bucket)
    first.set(manager.apiVersion, bucket)
    surplus -= 1
  }
  return capped
}
