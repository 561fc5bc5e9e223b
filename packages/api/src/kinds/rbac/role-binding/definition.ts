import type { ClusterRoleBinding, RoleBinding } from '../../../generated/types.ts'
import { clusterRoleBindings, roleBindings } from '../../../resources.ts'
import { nameIsPathSegment } from '../../../validation/name-rules.ts'
import { defineKind } from '../../definition/define-kind.ts'
import type { Strategy } from '../../kind-definition.ts'
import { bindingTable } from './columns.ts'
import { setBindingDefaults } from './defaults.ts'
import { validateBinding, validateBindingUpdate } from './validation.ts'

type AnyBinding = RoleBinding | ClusterRoleBinding

export const roleBinding = defineKind<RoleBinding>({
  type: roleBindings,
  strategy: strategyOf(true),
  table: bindingTable,
})

export const clusterRoleBinding = defineKind<ClusterRoleBinding>({
  type: clusterRoleBindings,
  strategy: strategyOf(false),
  table: bindingTable,
})

function strategyOf(namespaced: boolean): Partial<Strategy<AnyBinding>> {
  return {
    nameRule: nameIsPathSegment,
    allowCreateOnUpdate: true,
    setDefaults: setBindingDefaults,
    validate: (object) => validateBinding(object, namespaced),
    validateUpdate: (object, old) => validateBindingUpdate(object, old, namespaced),
  }
}
