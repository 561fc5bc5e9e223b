// Records the roles and bindings that a real kube-apiserver makes at its first start, as data for packages/apiserver:
//   node scripts/run.mjs record-bootstrap-policy KUBECONFIG   (of `peers up`; kubectl on PATH or in KUBECTL)
import { execFileSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'

interface Rule {
  verbs: string[]
  apiGroups?: string[]
  resources?: string[]
  resourceNames?: string[]
  nonResourceURLs?: string[]
}

interface Subject {
  kind: string
  namespace?: string
  name: string
}

interface Item {
  kind: string
  metadata: { name: string; namespace?: string; labels?: Record<string, string> }
  rules?: Rule[] | null
  aggregationRule?: { clusterRoleSelectors: { matchLabels: Record<string, string> }[] }
  roleRef?: { kind: string; name: string }
  subjects?: Subject[]
}

const root = process.env['KEMU_ROOT'] ?? process.cwd()
const [kubeconfig] = process.argv.slice(2)
if (kubeconfig === undefined) throw new Error('usage: record-bootstrap-policy KUBECONFIG')

const bootstrapping = 'kubernetes.io/bootstrapping'
const items = read('clusterroles,clusterrolebindings,roles,rolebindings').filter(
  (item) => item.metadata.labels?.[bootstrapping] === 'rbac-defaults',
)
const isController = ({ metadata }: Item): boolean =>
  metadata.name.startsWith('system:controller:') && metadata.namespace === undefined
const isRole = ({ kind }: Item): boolean => kind.endsWith('Role')

write(
  'cluster-roles',
  'Roles of users, components and nodes.',
  (i) => isRole(i) && !isController(i) && !i.metadata.namespace,
)
write(
  'controller-roles',
  'A role for each controller of kube-controller-manager.',
  (i) => isRole(i) && isController(i),
)
write(
  'namespaced-roles',
  'Roles inside kube-system and kube-public.',
  (i) => isRole(i) && i.metadata.namespace !== undefined,
)
write('role-bindings', 'Who has which of these roles.', (i) => !isRole(i))

function read(kinds: string): Item[] {
  const kubectl = process.env['KUBECTL'] ?? 'kubectl'
  const args = ['--kubeconfig', kubeconfig!, 'get', kinds, '-A', '-o', 'json']
  const text = execFileSync(kubectl, args, { maxBuffer: 1 << 26 }).toString()
  return (JSON.parse(text) as { items: Item[] }).items
}

function write(name: string, summary: string, select: (item: Item) => boolean): void {
  const lines = items.filter(select).flatMap(describe)
  const constant = name.replaceAll(/-(.)/g, (_, letter: string) => letter.toUpperCase())
  const file = join(root, 'packages/apiserver/src/bootstrap', `${name}.ts`)
  const text = `// Recorded by scripts/record-bootstrap-policy.ts. The format is read by policy-format.ts.
/** ${summary} */
export const ${constant} = \`
${lines.join('\n')}
\`
`
  writeFileSync(file, text)
}

function describe(item: Item): string[] {
  const { name, namespace } = item.metadata
  const full = namespace === undefined ? name : `${namespace}/${name}`
  if (isRole(item)) return [`role ${full}${labels(item)}`, ...rules(item)]
  const { roleRef, subjects = [] } = item
  const ref = `${roleRef!.kind === 'Role' ? `${namespace}/` : ''}${roleRef!.name}`
  return [`bind ${full}`, ...wrap(`to ${ref}`), ...subjects.map(subject)]
}

function labels({ metadata }: Item): string {
  const names = Object.keys(metadata.labels ?? {}).filter((key) => key !== bootstrapping)
  return names.map((key) => ` +${key.replace('rbac.authorization.k8s.io/', '')}`).join('')
}

/** The controller manager fills the rules of roles that aggregate. */
function rules({ aggregationRule, rules: stated }: Item): string[] {
  if (aggregationRule) {
    return aggregationRule.clusterRoleSelectors.map(({ matchLabels }) => {
      const [key = ''] = Object.keys(matchLabels)
      return `  aggregate ${key.replace('rbac.authorization.k8s.io/', '')}`
    })
  }
  return (stated ?? []).flatMap((rule) => {
    if (rule.nonResourceURLs) {
      return wrap(`${rule.verbs.join(' ')} ; ${rule.nonResourceURLs.join(' ')}`)
    }
    const groups = rule.apiGroups!.map((group) => group || 'core').join(' ')
    const parts = [rule.verbs.join(' '), groups, rule.resources!.join(' ')]
    if (rule.resourceNames) parts.push(rule.resourceNames.join(' '))
    return wrap(parts.join(' ; '))
  })
}

function subject({ kind, namespace, name }: Subject): string {
  return `  ${kind} ${namespace === undefined ? name : `${namespace}/${name}`}`
}

function wrap(text: string): string[] {
  const lines: string[] = []
  let line = ' '
  for (const word of text.split(' ')) {
    if (line.length + word.length > 96) {
      lines.push(line)
      line = '   '
    }
    line += ` ${word}`
  }
  return [...lines, line]
}
