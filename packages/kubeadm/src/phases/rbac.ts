import { clusterRoleBindings, clusterRoles, roleBindings, roles } from '@kemu/api'
import type { PolicyRule, RbacSubject as Subject } from '@kemu/api'
import { applied } from '../apply-object.ts'
import type { Applied } from '../apply-object.ts'

const apiGroup = 'rbac.authorization.k8s.io'

export const bootstrappers = 'system:bootstrappers:kubeadm:default-node-token'

export function group(name: string): Subject {
  return { kind: 'Group', name, apiGroup }
}

export function user(name: string): Subject {
  return { kind: 'User', name, apiGroup }
}

export function serviceAccount(name: string): Subject {
  return { kind: 'ServiceAccount', name, namespace: 'kube-system' }
}

export function clusterRole(name: string, rules: PolicyRule[]): Applied {
  return applied(clusterRoles, { metadata: { name }, rules })
}

/** Binds subjects to a cluster role, in the whole cluster. */
export function clusterBinding(name: string, role: string, ...subjects: Subject[]): Applied {
  return applied(clusterRoleBindings, {
    metadata: { name },
    roleRef: { apiGroup, kind: 'ClusterRole', name: role },
    subjects,
  })
}

/** A role in a namespace and its binding, of the same name. */
export function roleWithBinding(
  name: string,
  namespace: string,
  rules: PolicyRule[],
  ...subjects: Subject[]
): Applied[] {
  return [
    applied(roles, { metadata: { name, namespace }, rules }),
    applied(roleBindings, {
      metadata: { name, namespace },
      roleRef: { apiGroup, kind: 'Role', name },
      subjects,
    }),
  ]
}

/** Nodes, and hosts that are about to be nodes, may read one ConfigMap of kube-system. */
export function readConfigMap(role: string, configMap: string): Applied[] {
  return roleWithBinding(
    role,
    'kube-system',
    [{ apiGroups: [''], resources: ['configmaps'], resourceNames: [configMap], verbs: ['get'] }],
    group('system:nodes'),
    group(bootstrappers),
  )
}
