import type { ResourceQuota, ScopedResourceSelectorRequirement } from '../generated/types.ts'

/** A quota's scopes and its scope selector, as one list; all of them must hold. */
export function scopesOf({ spec }: ResourceQuota): ScopedResourceSelectorRequirement[] {
  return [
    ...(spec?.scopes ?? []).map((scopeName) => ({ scopeName, operator: 'Exists' })),
    ...(spec?.scopeSelector?.matchExpressions ?? []),
  ]
}

/** A requirement on one value that may be absent, as label selectors read it. */
export function matchesValue(
  { operator, values = [] }: ScopedResourceSelectorRequirement,
  value: string | undefined,
): boolean {
  const present = value !== undefined && value !== ''
  switch (operator) {
    case 'Exists':
      return present
    case 'DoesNotExist':
      return !present
    case 'In':
      return present && values.includes(value)
    case 'NotIn':
      return !present || !values.includes(value)
    default:
      return false
  }
}
