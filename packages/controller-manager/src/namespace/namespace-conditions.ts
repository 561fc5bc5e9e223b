import { formatTime, groupResource } from '@kemu/api'
import type { Namespace, NamespaceCondition } from '@kemu/api'
import type { Remaining } from './namespace-content.ts'

export interface DeletionOutcome {
  readonly remaining: readonly Remaining[]
  readonly discoveryFailures: readonly string[]
  readonly contentFailures: readonly string[]
}

/** The five conditions of a namespace that terminates, in upstream's words (namespaceConditionUpdater). */
export function terminationConditions(
  old: readonly NamespaceCondition[],
  outcome: DeletionOutcome,
  nowMs: number,
): NamespaceCondition[] {
  const texts = [
    failure(
      'NamespaceDeletionDiscoveryFailure',
      outcome.discoveryFailures.length > 0
        ? `Discovery failed for some groups, ${outcome.discoveryFailures.length} failing: ${outcome.discoveryFailures.join(', ')}`
        : undefined,
      'DiscoveryFailed',
      ['ResourcesDiscovered', 'All resources successfully discovered'],
    ),
    failure('NamespaceDeletionGroupVersionParsingFailure', undefined, 'GroupVersionParsingFailed', [
      'ParsedGroupVersions',
      'All legacy kube types successfully parsed',
    ]),
    failure(
      'NamespaceDeletionContentFailure',
      outcome.contentFailures.length > 0
        ? `Failed to delete all resource types, ${outcome.contentFailures.length} remaining: ${outcome.contentFailures.join(', ')}`
        : undefined,
      'ContentDeletionFailed',
      ['ContentDeleted', 'All content successfully deleted, may be waiting on finalization'],
    ),
    failure('NamespaceContentRemaining', contentText(outcome.remaining), 'SomeResourcesRemain', [
      'ContentRemoved',
      'All content successfully removed',
    ]),
    failure(
      'NamespaceFinalizersRemaining',
      finalizersText(outcome.remaining),
      'SomeFinalizersRemain',
      ['ContentHasNoFinalizers', 'All content-preserving finalizers finished'],
    ),
  ]
  return texts.map((text) => {
    const known = old.find((condition) => condition.type === text.type)
    const stays = known?.status === text.status
    return {
      ...text,
      lastTransitionTime: (stays && known.lastTransitionTime) || formatTime(nowMs),
    }
  })
}

export function sameConditions(
  { status }: Namespace,
  conditions: readonly NamespaceCondition[],
): boolean {
  const old = status.conditions ?? []
  return conditions.every((condition) =>
    old.some(
      (o) =>
        o.type === condition.type &&
        o.status === condition.status &&
        o.reason === condition.reason &&
        o.message === condition.message,
    ),
  )
}

function failure(
  type: string,
  message: string | undefined,
  reason: string,
  [okReason, okMessage]: [string, string],
): NamespaceCondition {
  return message === undefined
    ? { type, status: 'False', reason: okReason, message: okMessage }
    : { type, status: 'True', reason, message }
}

function contentText(remaining: readonly Remaining[]): string | undefined {
  if (remaining.length === 0) return undefined
  const parts = remaining.map(
    ({ resource, count }) => `${dotted(resource)} has ${count} resource instances`,
  )
  return `Some resources are remaining: ${parts.sort().join(', ')}`
}

function finalizersText(remaining: readonly Remaining[]): string | undefined {
  const counts = new Map<string, number>()
  for (const { finalizers } of remaining)
    for (const [name, count] of finalizers) counts.set(name, (counts.get(name) ?? 0) + count)
  if (counts.size === 0) return undefined
  const parts = [...counts].map(([name, count]) => `${name} in ${count} resource instances`)
  return `Some content in the namespace has finalizers remaining: ${parts.sort().join(', ')}`
}

/** Upstream writes the core group's resources with a trailing dot. */
function dotted(resource: { group: string; resource: string }): string {
  return resource.group === '' ? `${resource.resource}.` : groupResource(resource)
}
