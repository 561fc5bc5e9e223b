import type { RoleBinding } from '../../../generated/types.ts'

export const rbacGroup = 'rbac.authorization.k8s.io'

/** SetDefaults_RoleBinding, SetDefaults_Subject */
export function setBindingDefaults({ roleRef, subjects }: RoleBinding): void {
  roleRef.apiGroup ||= rbacGroup
  for (const subject of subjects ?? [])
    if (subject.kind === 'User' || subject.kind === 'Group') subject.apiGroup ||= rbacGroup
}
