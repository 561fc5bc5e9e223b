import type { ObjectMeta, PodResourceClaim } from '../../generated/types.ts'
import type { FieldError } from '../../status-error.ts'
import {
  fieldDuplicate,
  fieldForbidden,
  fieldInvalid,
  fieldRequired,
} from '../../validation/field-error.ts'
import { fieldPath } from '../../validation/field-path.ts'
import type { FieldPath } from '../../validation/field-path.ts'
import { checkDns1123Label, checkDns1123Subdomain } from '../../validation/name-rules.ts'
import { checked, checkedIfSet } from '../rules/checked.ts'

export const mirrorAnnotation = 'kubernetes.io/config.mirror'

/** Devices that the pod claims (dynamic resource allocation). */
export function validateResourceClaims(
  claims: readonly PodResourceClaim[],
  meta: Pick<ObjectMeta, 'annotations'> | undefined,
  path: FieldPath,
): FieldError[] {
  const names = new Set<string>()
  const isMirror = meta?.annotations?.[mirrorAnnotation] !== undefined
  return claims.flatMap((claim, i) => {
    if (isMirror)
      return [fieldForbidden(fieldPath(''), 'static pods do not support resource claims')]
    const at = path.index(i)
    const { name, resourceClaimName, resourceClaimTemplateName } = claim
    const errors = validateName(name, names, at.child('name'))
    const shown = {
      Name: name,
      ResourceClaimName: resourceClaimName ?? null,
      ResourceClaimTemplateName: resourceClaimTemplateName ?? null,
    }
    if (resourceClaimName !== undefined && resourceClaimTemplateName !== undefined) {
      const text =
        'at most one of `resourceClaimName` or `resourceClaimTemplateName` may be specified'
      errors.push(fieldInvalid(at, shown, text))
    }
    if (resourceClaimName === undefined && resourceClaimTemplateName === undefined) {
      const text = 'must specify one of: `resourceClaimName`, `resourceClaimTemplateName`'
      errors.push(fieldInvalid(at, shown, text))
    }
    return [
      ...errors,
      ...checkedIfSet(at.child('resourceClaimName'), resourceClaimName, checkDns1123Subdomain),
      ...checkedIfSet(
        at.child('resourceClaimTemplateName'),
        resourceClaimTemplateName,
        checkDns1123Subdomain,
      ),
    ]
  })
}

function validateName(name: string, names: Set<string>, path: FieldPath): FieldError[] {
  if (name === '') return [fieldRequired(path)]
  if (names.has(name)) return [fieldDuplicate(path, name)]
  names.add(name)
  return checked(path, name, checkDns1123Label)
}
