import {
  clusterRoleBindings,
  clusterRoles,
  deepCopy,
  deepEqual,
  roleBindings,
  roles,
} from '@kemu/api'
import type { ClusterRole, ClusterRoleBinding, PolicyRule, RbacSubject } from '@kemu/api'
import { clusterRoles as clusterRoleTable } from './cluster-roles.ts'
import { controllerRoles as controllerRoleTable } from './controller-roles.ts'
import { namespacedRoles as namespacedRoleTable } from './namespaced-roles.ts'
import { readBindings, readRoles } from './policy-format.ts'
import type { BootstrapBinding, BootstrapRole } from './policy-format.ts'
import { roleBindings as roleBindingTable } from './role-bindings.ts'
import type { SystemWriter } from './system-writer.ts'

const autoupdate = 'rbac.authorization.kubernetes.io/autoupdate'

/** What upstream writes on every object of the bootstrap policy. */
const marks = {
  labels: { 'kubernetes.io/bootstrapping': 'rbac-defaults' },
  annotations: { [autoupdate]: 'true' },
}

/**
 * Makes the default roles and bindings, and gives back what was taken away from those that are kept
 * up to date.
 */
export async function bootstrapRbac(writer: SystemWriter): Promise<void> {
  const all = [clusterRoleTable, controllerRoleTable, namespacedRoleTable].flatMap(readRoles)
  const bindings = readBindings(roleBindingTable)
  await Promise.all([
    ...all.map((role) => ensureRole(writer, role)),
    ...bindings.map((binding) => ensureBinding(writer, binding)),
  ])
}

/** The rules that the Node authorizer goes by. */
export function nodeRules(): readonly PolicyRule[] {
  return readRoles(clusterRoleTable).find(({ name }) => name === 'system:node')?.rules ?? []
}

async function ensureRole(writer: SystemWriter, role: BootstrapRole): Promise<void> {
  const { namespace, name, labels, rules, aggregationRule } = role
  const type = namespace === undefined ? clusterRoles : roles
  const present = writer.find<ClusterRole>(type, namespace ?? '', name)
  const metadata = metadataOf(role, labels)
  if (!present) {
    const draft = { metadata, rules, ...(aggregationRule && { aggregationRule }) }
    await writer.create(type, draft)
    return
  }
  const lacking = rules.filter((rule) => !present.rules?.some((own) => deepEqual(own, rule)))
  if (!isKept(present) || lacking.length === 0 || aggregationRule) return
  await writer.update(type, metadata, (old) => {
    const next = deepCopy(old)
    next.rules = [...(next.rules ?? []), ...lacking]
    return next
  })
}

async function ensureBinding(writer: SystemWriter, binding: BootstrapBinding): Promise<void> {
  const { namespace, name, roleRef, subjects } = binding
  const type = namespace === undefined ? clusterRoleBindings : roleBindings
  const present = writer.find<ClusterRoleBinding>(type, namespace ?? '', name)
  const metadata = metadataOf(binding, {})
  if (!present) {
    await writer.create(type, { metadata, roleRef, subjects })
    return
  }
  const lacking = subjects.filter((subject) => !holds(present.subjects ?? [], subject))
  if (!isKept(present) || lacking.length === 0 || !deepEqual(present.roleRef, roleRef)) return
  await writer.update(type, metadata, (old) => {
    const next = deepCopy(old)
    next.subjects = [...(next.subjects ?? []), ...lacking]
    return next
  })
}

function metadataOf(
  { namespace, name }: { namespace: string | undefined; name: string },
  labels: Readonly<Record<string, string>>,
) {
  return {
    name,
    ...(namespace !== undefined && { namespace }),
    labels: { ...marks.labels, ...labels },
    annotations: { ...marks.annotations },
  }
}

/** An administrator may say that an object is not to be touched. */
function isKept({ metadata }: ClusterRole | ClusterRoleBinding): boolean {
  return metadata.annotations?.[autoupdate] === 'true'
}

function holds(subjects: readonly RbacSubject[], wanted: RbacSubject): boolean {
  return subjects.some(
    ({ kind, name, namespace }) =>
      kind === wanted.kind && name === wanted.name && namespace === wanted.namespace,
  )
}
