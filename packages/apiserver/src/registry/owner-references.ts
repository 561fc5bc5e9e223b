import { deepEqual } from '@kemu/api'
import type { KubeObject } from '@kemu/api'

/** DuplicateOwnerReferencesWarningFormat */
const complaint =
  '.metadata.ownerReferences contains duplicate entries; ' +
  'API server dedups owner references in 1.20+, and may reject such requests as early as 1.24; ' +
  'please fix your requests; duplicate UID(s) observed: '

/** Takes out owners that are stated twice in the same words (dedupOwnerReferencesAndAddWarning). */
export function dedupeOwners({ metadata }: KubeObject, warnings: string[]): void {
  const owners = metadata.ownerReferences ?? []
  const isRepeated = (at: number): boolean =>
    owners.slice(0, at).some((earlier) => deepEqual(earlier, owners[at]))
  const repeated = owners.filter((_, i) => isRepeated(i))
  if (repeated.length === 0) return
  metadata.ownerReferences = owners.filter((_, i) => !isRepeated(i))
  warnings.push(complaint + [...new Set(repeated.map(({ uid }) => uid))].join(', '))
}
