import { FieldSet } from './field-set.ts'
import type { Manager, Managers } from './managers.ts'
import { fieldElement } from './path-element.ts'
import type { PathElement } from './path-element.ts'
import type { Place } from './place.ts'
import type { Comparison } from './structured-walks.ts'
import {
  compareObjects,
  fieldSetOf,
  mergeObjects,
  removeFields,
  withNamedFields,
} from './structured-walks.ts'

/** What a write is about. Upstream counterpart: structured-merge-diff's merge.Updater, of one version. */
export interface WriteContext {
  readonly place: Place
  readonly apiVersion: string
  /**
   * Fields that this write may not change (status of an update of the whole object): nobody gets to own
   * them by it.
   */
  readonly reset: FieldSet
}

/** Fields of another manager that an apply would change. */
export interface Conflict {
  readonly manager: Manager
  readonly path: readonly PathElement[]
}

export class ApplyConflicts extends Error {
  override name = 'ApplyConflicts'
  readonly conflicts: readonly Conflict[]

  constructor(conflicts: readonly Conflict[]) {
    super('conflicts')
    this.conflicts = conflicts
  }
}

/** The managers after an update: the writer owns what it changed, and nobody what is gone. */
export function ownAfterUpdate(
  context: WriteContext,
  live: unknown,
  object: unknown,
  managers: Managers,
  writer: { readonly key: string; readonly manager: Omit<Manager, 'fields'> },
): Managers {
  const comparison = compare(context, live, object)
  const others = takeFromOthers(managers, writer.key, comparison)
  const owned = others.get(writer.key)?.fields ?? new FieldSet()
  const fields = withoutMetadata(
    owned
      .difference(comparison.removed)
      .union(comparison.modified)
      .union(comparison.added)
      .recursiveDifference(context.reset),
  )
  return setManager(others, writer.key, { ...writer.manager, fields })
}

function compare({ place, reset }: WriteContext, live: unknown, object: unknown): Comparison {
  const { added, modified, removed } = compareObjects(place, live, object)
  return {
    added: added.recursiveDifference(reset),
    modified: modified.recursiveDifference(reset),
    removed: removed.recursiveDifference(reset),
  }
}

/** What changed hands or vanished is no longer the others'. */
function takeFromOthers(managers: Managers, writerKey: string, comparison: Comparison): Managers {
  const changed = comparison.modified.union(comparison.added)
  let rest = managers
  for (const [key, manager] of managers) {
    if (key === writerKey) continue
    const fields = manager.fields.difference(changed).difference(comparison.removed)
    rest = setManager(rest, key, { ...manager, fields })
  }
  return rest
}

function setManager(managers: Managers, key: string, manager: Manager): Managers {
  const next = new Map(managers)
  if (manager.fields.empty) next.delete(key)
  else next.set(key, manager)
  return next
}

export interface Applied {
  readonly object: unknown
  readonly managers: Managers
}

/**
 * * The live object with an applied configuration, and who owns what then. Fields that the applier once
 * stated and states no more go, if nobody else owns them. Throws ApplyConflicts unless forced.
 */
export function applyConfiguration(
  context: WriteContext,
  live: unknown,
  config: unknown,
  managers: Managers,
  applier: {
    readonly key: string
    readonly manager: Omit<Manager, 'fields'>
    readonly force: boolean
  },
): Applied {
  const { place, reset } = context
  const merged = mergeObjects(place, live, config)
  const last = managers.get(applier.key)?.fields
  const fields = fieldSetOf(place, config).recursiveDifference(reset)
  const stated = new Map(managers).set(applier.key, { ...applier.manager, fields })
  const object = last ? prune(place, merged, last, stated) : merged
  const comparison = compare(context, live, object)
  if (!applier.force) refuseConflicts(stated, applier.key, comparison)
  const owned = takeFromOthers(stated, applier.key, comparison)
  const own = { ...applier.manager, fields: withoutMetadata(fields) }
  return { object, managers: setManager(owned, applier.key, own) }
}

function refuseConflicts(managers: Managers, applierKey: string, comparison: Comparison): void {
  const changed = comparison.modified.union(comparison.added)
  const conflicts = [...managers]
    .filter(([key]) => key !== applierKey)
    .flatMap(([, manager]) =>
      [...manager.fields.intersection(changed).paths()].map((path) => ({ manager, path })),
    )
  if (conflicts.length > 0) throw new ApplyConflicts(conflicts)
}

/** Takes out what was last applied, and puts back what somebody owns or what was never the applier's alone. */
function prune(place: Place, merged: unknown, last: FieldSet, managers: Managers): unknown {
  const lastNamed = withNamedFields(place, last)
  const pruned = removeFields(place, merged, lastNamed)
  const all = withNamedFields(place, fieldSetOf(place, merged))
  const managed = [...managers.values()].reduce(
    (set, { fields }) => set.union(fields),
    new FieldSet(),
  )
  const owned = withNamedFields(place, managed)
  const left = withNamedFields(place, fieldSetOf(place, pruned))
  const backed = removeFields(place, merged, all.difference(left.union(owned)))
  const backedSet = withNamedFields(place, fieldSetOf(place, backed))
  return removeFields(place, merged, all.difference(backedSet).intersection(lastNamed))
}

const stripped = FieldSet.of(
  [fieldElement('apiVersion')],
  [fieldElement('kind')],
  [fieldElement('metadata')],
  ...[
    'name',
    'namespace',
    'creationTimestamp',
    'selfLink',
    'uid',
    'clusterName',
    'generation',
    'managedFields',
    'resourceVersion',
  ].map((name) => [fieldElement('metadata'), fieldElement(name)]),
)

/** What the server sets, or what names the object, has no owner. */
function withoutMetadata(fields: FieldSet): FieldSet {
  return fields.difference(stripped)
}
