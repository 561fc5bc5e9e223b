import type { ClusterRole, Role } from '../../../generated/types.ts'
import { clusterRoles, roles } from '../../../resources.ts'
import type { FieldError } from '../../../status-error.ts'
import { fieldRequired } from '../../../validation/field-error.ts'
import { fieldPath } from '../../../validation/field-path.ts'
import { validateLabelSelector } from '../../../validation/labels.ts'
import { nameIsPathSegment } from '../../../validation/name-rules.ts'
import { defineKind } from '../../definition/define-kind.ts'
import { validatePolicyRules } from '../policy-rule.ts'

export const role = defineKind<Role>({
  type: roles,
  strategy: {
    nameRule: nameIsPathSegment,
    allowCreateOnUpdate: true,
    validate: ({ rules }) => validatePolicyRules(rules, true),
  },
})

export const clusterRole = defineKind<ClusterRole>({
  type: clusterRoles,
  strategy: {
    nameRule: nameIsPathSegment,
    allowCreateOnUpdate: true,
    validate: (object) => [
      ...validatePolicyRules(object.rules, false),
      ...validateAggregation(object),
    ],
  },
})

function validateAggregation({ aggregationRule }: ClusterRole): FieldError[] {
  if (!aggregationRule) return []
  const path = fieldPath('aggregationRule', 'clusterRoleSelectors')
  const selectors = aggregationRule.clusterRoleSelectors ?? []
  if (selectors.length > 0)
    return selectors.flatMap((selector, i) => validateLabelSelector(selector, path.index(i)))
  const text = 'at least one clusterRoleSelector required if aggregationRule is non-nil'
  return [fieldRequired(path, text)]
}
