import type { Pod } from '@kemu/api'

export interface PodHostname {
  readonly hostname: string
  /** `subdomain.namespace.svc.cluster.local`, or ''. */
  readonly domain: string
}

/** hostNameMaxLen: what a kernel takes. */
const lengthMax = 63

/** The pod's own name for itself. Upstream: GeneratePodHostNameAndDomain. */
export function podHostname(pod: Pod, clusterDomain: string): PodHostname {
  const { hostname, hostnameOverride, subdomain } = pod.spec
  if (hostnameOverride) return { hostname: truncated(hostnameOverride), domain: '' }
  const domain = subdomain ? `${subdomain}.${pod.metadata.namespace}.svc.${clusterDomain}` : ''
  return { hostname: truncated(hostname || pod.metadata.name), domain }
}

/** What the kernel shall answer: the fully qualified name where the pod asks for it. */
export function kernelHostname(pod: Pod, { hostname, domain }: PodHostname): string {
  if (!pod.spec.setHostnameAsFQDN || domain === '') return hostname
  const full = `${hostname}.${domain}`
  if (full.length > lengthMax + 1)
    throw new Error(
      `failed to construct FQDN from pod hostname and cluster domain, FQDN ${full} is too long (64 characters is the max, ${full.length} characters requested)`,
    )
  return full
}

function truncated(hostname: string): string {
  return hostname.slice(0, lengthMax).replace(/[-.]+$/, '')
}
