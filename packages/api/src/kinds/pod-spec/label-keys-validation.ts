import type { LabelSelector } from '../../generated/types.ts'
import type { FieldError } from '../../status-error.ts'
import { fieldForbidden, fieldInvalid } from '../../validation/field-error.ts'
import type { FieldPath } from '../../validation/field-path.ts'
import { validateLabelKey } from '../../validation/labels.ts'

interface WithLabelKeys {
  readonly labelSelector?: LabelSelector
  readonly matchLabelKeys?: readonly string[]
  readonly mismatchLabelKeys?: readonly string[]
}

/** Keys whose values the pod itself gives: of affinity terms and of spread constraints (KEP-3633, KEP-3243). */
export function validateLabelKeys(
  { labelSelector, matchLabelKeys = [], mismatchLabelKeys = [] }: WithLabelKeys,
  path: FieldPath,
): FieldError[] {
  const matchPath = path.child('matchLabelKeys')
  const errors = [
    ...validateKeys(matchLabelKeys, labelSelector, matchPath),
    ...validateKeys(mismatchLabelKeys, labelSelector, path.child('mismatchLabelKeys')),
    ...validateMerged(labelSelector, matchLabelKeys, path),
  ]
  for (const [i, key] of matchLabelKeys.entries())
    if (mismatchLabelKeys.includes(key)) {
      const text = 'exists in both matchLabelKeys and mismatchLabelKeys'
      errors.push(fieldInvalid(matchPath.index(i), key, text))
    }
  return errors
}

function validateKeys(
  keys: readonly string[],
  selector: LabelSelector | undefined,
  path: FieldPath,
): FieldError[] {
  if (keys.length === 0) return []
  if (!selector)
    return [fieldForbidden(path, 'must not be specified when labelSelector is not set')]
  return keys.flatMap((key, i) => validateLabelKey(key, path.index(i)))
}

/**
 * The server itself merged the keys into the selector's expressions, so one mention of a key there is its own; a
 * second is the writer's. Upstream puts the key's index on the term, not on the list.
 */
function validateMerged(
  selector: LabelSelector | undefined,
  keys: readonly string[],
  path: FieldPath,
): FieldError[] {
  const seen = new Set(Object.keys(selector?.matchLabels ?? {}))
  return (selector?.matchExpressions ?? []).flatMap(({ key }) => {
    const twice = seen.has(key)
    seen.add(key)
    const at = keys.lastIndexOf(key)
    if (!twice || at < 0) return []
    const text = 'exists in both matchLabelKeys and labelSelector'
    return [fieldInvalid(path.index(at), key, text)]
  })
}
