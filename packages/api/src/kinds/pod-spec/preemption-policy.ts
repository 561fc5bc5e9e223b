import type { FieldError } from '../../status-error.ts'
import { fieldNotSupported, fieldRequired } from '../../validation/field-error.ts'
import type { FieldPath } from '../../validation/field-path.ts'

const policies = ['PreemptLowerPriority', 'Never']

/** Of a priority class and of a pod; nothing stated is fine. */
export function validatePreemptionPolicy(
  policy: string | undefined,
  path: FieldPath,
): FieldError[] {
  if (policy === undefined || policies.includes(policy)) return []
  return policy === '' ? [fieldRequired(path)] : [fieldNotSupported(path, policy, policies)]
}
