import type { ObjectFieldSelector, Pod } from '@kemu/api'

/** What a field reference can show of a pod that its object does not say yet. */
export interface RuntimeFacts {
  readonly podIps: readonly string[]
  readonly hostIps: readonly string[]
}

/**
 * The value of a field of the pod, for environment variables and downward API files. Throws for
 * unknown paths.
 */
export function fieldValue(selector: ObjectFieldSelector, pod: Pod, facts: RuntimeFacts): string {
  const { fieldPath } = selector
  switch (fieldPath) {
    case 'spec.nodeName':
    case 'spec.host':
      return pod.spec.nodeName ?? ''
    case 'spec.serviceAccountName':
      return pod.spec.serviceAccountName ?? ''
    case 'status.hostIP':
      return facts.hostIps[0] ?? ''
    case 'status.hostIPs':
      return facts.hostIps.join(',')
    case 'status.podIP':
      return podIps(pod, facts)[0] ?? ''
    case 'status.podIPs':
      return podIps(pod, facts).join(',')
    default:
      return metadataValue(fieldPath, pod)
  }
}

function podIps(pod: Pod, { podIps, hostIps }: RuntimeFacts): readonly string[] {
  return pod.spec.hostNetwork && podIps.length === 0 ? hostIps : podIps
}

/**
 * Labels and annotations as `key="value"` lines, or one of them; name, namespace, uid
 * (pkg/fieldpath).
 */
export function metadataValue(fieldPath: string, pod: Pod): string {
  const { metadata } = pod
  const subscript = /^(.+?)\['(.*)'\]$/.exec(fieldPath)
  if (subscript) {
    const [, path, key = ''] = subscript
    if (path === 'metadata.annotations') return metadata.annotations?.[key] ?? ''
    if (path === 'metadata.labels') return metadata.labels?.[key] ?? ''
    throw new Error(`fieldPath "${fieldPath}" does not support subscript`)
  }
  switch (fieldPath) {
    case 'metadata.annotations':
      return formatMap(metadata.annotations)
    case 'metadata.labels':
      return formatMap(metadata.labels)
    case 'metadata.name':
      return metadata.name
    case 'metadata.namespace':
      return metadata.namespace ?? ''
    case 'metadata.uid':
      return metadata.uid
    default:
      throw new Error(`unsupported fieldPath: ${fieldPath}`)
  }
}

function formatMap(map: Readonly<Record<string, string>> = {}): string {
  return Object.keys(map)
    .sort()
    .map((key) => `${key}=${goQuote(map[key]!)}`)
    .join('\n')
}

const escapes: Readonly<Record<string, string>> = {
  '"': '\\"',
  '\\': '\\\\',
  '\n': '\\n',
  '\t': '\\t',
  '\r': '\\r',
  '\u0007': '\\a',
  '\b': '\\b',
  '\f': '\\f',
  '\v': '\\v',
}

/** strconv.Quote. */
function goQuote(text: string): string {
  const quoted = Array.from(text, (char) => {
    const escape = escapes[char]
    if (escape) return escape
    const code = char.codePointAt(0)!
    if (code < 0x20 || code === 0x7f) return `\\x${code.toString(16).padStart(2, '0')}`
    return char
  })
  return `"${quoted.join('')}"`
}
