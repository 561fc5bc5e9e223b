import t from 'tap'
import { clusterRoles } from './cluster-roles.ts'
import { controllerRoles } from './controller-roles.ts'
import { namespacedRoles } from './namespaced-roles.ts'
import { readBindings, readRoles } from './policy-format.ts'
import { roleBindings } from './role-bindings.ts'

t.test('reads rules, names and continued lines', (t) => {
  const [first, second] = readRoles(`
role kube-system/locker
  get ; core ; leases ; one
    two
role view +aggregate-to-edit
  aggregate aggregate-to-view
`)
  t.match(first, {
    namespace: 'kube-system',
    name: 'locker',
    rules: [
      { verbs: ['get'], apiGroups: [''], resources: ['leases'], resourceNames: ['one', 'two'] },
    ],
  })
  t.match(second, {
    namespace: undefined,
    labels: { 'rbac.authorization.k8s.io/aggregate-to-edit': 'true' },
    rules: [],
    aggregationRule: {
      clusterRoleSelectors: [
        { matchLabels: { 'rbac.authorization.k8s.io/aggregate-to-view': 'true' } },
      ],
    },
  })
  t.end()
})

t.test('has a role for every recorded binding', (t) => {
  const roles = [clusterRoles, controllerRoles, namespacedRoles].flatMap(readRoles)
  const known = new Set(roles.map(({ namespace = '', name }) => `${namespace}/${name}`))
  for (const { namespace, name, roleRef, subjects } of readBindings(roleBindings)) {
    const home = roleRef.kind === 'Role' ? (namespace ?? '') : ''
    t.ok(known.has(`${home}/${roleRef.name}`), name)
    // Nobody is bound to the role that the Node authorizer goes by.
    t.ok(subjects.length > 0 || name === 'system:node', name)
  }
  for (const { name, rules, aggregationRule } of roles) {
    t.ok(rules.length > 0 || aggregationRule || name === 'system:auth-delegator', name)
    for (const { verbs } of rules) t.ok(verbs.length > 0, name)
  }
  t.end()
})
