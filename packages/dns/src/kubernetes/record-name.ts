/** What a name within a cluster zone asks for (Kubernetes DNS specification 1.1.0, CoreDNS parseRequest). */
export type RecordName =
  /** The zone itself, or `svc` or `pod` in it: exists, has no records. */
  | { readonly kind: 'apex' }
  | { readonly kind: 'namespace'; readonly branch: Branch; readonly namespace: string }
  | { readonly kind: 'pod'; readonly namespace: string; readonly pod: string }
  | {
      readonly kind: 'service'
      readonly namespace: string
      readonly service: string
      /** '' for none. */
      readonly endpoint: string
      readonly port: string
      readonly protocol: string
    }
  | { readonly kind: 'invalid' }

export type Branch = 'svc' | 'pod'

/** @param base the name without its zone, in lower case; '' is the zone itself */
export function parseRecordName(base: string): RecordName {
  if (base === '') return { kind: 'apex' }
  const labels = base.split('.')
  const branch = labels.pop()!
  if (branch !== 'svc' && branch !== 'pod') return { kind: 'invalid' }
  const namespace = labels.pop()
  if (namespace === undefined) return { kind: 'apex' }
  const name = labels.pop()
  if (name === undefined) return { kind: 'namespace', branch, namespace }
  if (labels.length > 2) return { kind: 'invalid' }
  if (branch === 'pod') return { kind: 'pod', namespace, pod: name }
  const [first = '', second] = labels
  const isPort = second !== undefined
  return {
    kind: 'service',
    namespace,
    service: name,
    endpoint: isPort ? '' : first,
    port: isPort ? plain(first) : '',
    protocol: isPort ? plain(second) : '',
  }
}

function plain(label: string): string {
  return label.startsWith('_') ? label.slice(1) : label
}
