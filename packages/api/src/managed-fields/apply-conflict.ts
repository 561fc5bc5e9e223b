import { goQuote } from '../go-text.ts'
import { statusError } from '../status-error.ts'
import type { StatusError } from '../status-error.ts'
import { FieldSet } from './field-set.ts'
import type { Manager } from './managers.ts'
import type { Conflict } from './ownership.ts'
import { formatFieldPath } from './path-element.ts'

/** The conflicts that are not about those fields. */
export function withoutAllowed(
  conflicts: readonly Conflict[],
  allowed: FieldSet,
): readonly Conflict[] {
  return conflicts.filter(({ path }) => !FieldSet.of(path).difference(allowed).empty)
}

/** A Conflict that names each field and its owner (errors.NewApplyConflict). */
export function conflictError(conflicts: readonly Conflict[]): StatusError {
  const causes = conflicts.map(({ manager, path }) => ({
    reason: 'FieldManagerConflict',
    message: `conflict with ${describe(manager)}`,
    field: formatFieldPath(path),
  }))
  return statusError('Conflict', conflictMessage(conflicts), { causes })
}

function conflictMessage(conflicts: readonly Conflict[]): string {
  const [first, ...others] = conflicts
  if (first && others.length === 0)
    return `Apply failed with 1 conflict: conflict with ${describe(first.manager)}: ${formatFieldPath(first.path)}`
  const byManager = new Map<string, string[]>()
  for (const { manager, path } of conflicts) {
    const owner = describe(manager)
    byManager.set(owner, [...(byManager.get(owner) ?? []), `- ${formatFieldPath(path)}`])
  }
  const owners = [...byManager].sort(([a], [b]) => (a < b ? -1 : 1))
  const lines = owners.flatMap(([owner, paths]) => [`conflicts with ${owner}:`, ...paths])
  return `Apply failed with ${conflicts.length} conflicts: ${lines.join('\n')}`
}

function describe({ name, operation, apiVersion, subresource }: Manager): string {
  const part = subresource === '' ? '' : ` with subresource ${goQuote(subresource)}`
  return `${goQuote(name)}${part}${operation === 'Update' ? ` using ${apiVersion}` : ''}`
}
