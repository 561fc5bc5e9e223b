import type { ClusterRole, PolicyRule, RbacSubject, RoleRef } from '@kemu/api'

/**
 * A Role, ClusterRole, RoleBinding or ClusterRoleBinding of the bootstrap policy; cluster-wide
 * without a namespace.
 */
export interface BootstrapRole {
  readonly namespace: string | undefined
  readonly name: string
  readonly labels: Readonly<Record<string, string>>
  readonly rules: PolicyRule[]
  readonly aggregationRule: ClusterRole['aggregationRule']
}

export interface BootstrapBinding {
  readonly namespace: string | undefined
  readonly name: string
  readonly roleRef: RoleRef
  readonly subjects: RbacSubject[]
}

const rbacGroup = 'rbac.authorization.k8s.io'

/**
 * Reads the recorded tables: a line that begins in the first column starts an entry, lines that are
 * indented by two are its
 * parts, and those indented by more continue the line before.
 */
export function readRoles(text: string): BootstrapRole[] {
  return readEntries(text).map(({ head, parts }) => {
    const [, path = '', ...labels] = head.split(' ')
    const selectors = parts.filter((part) => part.startsWith('aggregate '))
    return {
      ...readPath(path),
      labels: Object.fromEntries(labels.map((label) => [`${rbacGroup}/${label.slice(1)}`, 'true'])),
      rules: parts.filter((part) => !selectors.includes(part)).map(readRule),
      aggregationRule:
        selectors.length === 0
          ? undefined
          : {
              clusterRoleSelectors: selectors.map((part) => ({
                matchLabels: { [`${rbacGroup}/${part.slice('aggregate '.length)}`]: 'true' },
              })),
            },
    }
  })
}

export function readBindings(text: string): BootstrapBinding[] {
  return readEntries(text).map(({ head, parts: [to = '', ...subjects] }) => {
    const role = readPath(to.slice('to '.length))
    return {
      ...readPath(head.split(' ')[1] ?? ''),
      roleRef: {
        apiGroup: rbacGroup,
        kind: role.namespace === undefined ? 'ClusterRole' : 'Role',
        name: role.name,
      },
      subjects: subjects.map(readSubject),
    }
  })
}

interface Entry {
  readonly head: string
  readonly parts: string[]
}

function readEntries(text: string): Entry[] {
  const entries: Entry[] = []
  for (const line of text.split('\n').filter((candidate) => candidate.trim() !== '')) {
    const entry = entries.at(-1)
    if (!line.startsWith(' ')) entries.push({ head: line, parts: [] })
    else if (!line.startsWith('    ')) entry!.parts.push(line.trim())
    else entry!.parts.push(`${entry!.parts.pop()} ${line.trim()}`)
  }
  return entries
}

function readPath(path: string): { namespace: string | undefined; name: string } {
  const at = path.indexOf('/')
  if (at < 0) return { namespace: undefined, name: path }
  return { namespace: path.slice(0, at), name: path.slice(at + 1) }
}

function readRule(line: string): PolicyRule {
  const [verbs = [], second = [], resources, names] = line
    .split(/ ;(?: |$)/)
    .map((part) => part.split(' ').filter((word) => word !== ''))
  if (!resources) return { verbs, nonResourceURLs: second }
  return {
    verbs,
    apiGroups: second.map((group) => (group === 'core' ? '' : group)),
    resources,
    ...(names && { resourceNames: names }),
  }
}

function readSubject(line: string): RbacSubject {
  const [kind = '', path = ''] = line.split(' ')
  if (kind !== 'ServiceAccount') return { kind, apiGroup: rbacGroup, name: path }
  const { namespace, name } = readPath(path)
  return { kind, name, ...(namespace !== undefined && { namespace }) }
}
