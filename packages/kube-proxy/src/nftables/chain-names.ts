import { createHash } from 'node:crypto'
import type { Endpoint } from '../plan/endpoint.ts'
import type { ServicePort } from '../plan/service-port.ts'

/** Upstream: knftables.NameLengthMax less the longest prefix (chainNameBaseLengthMax). */
const baseLengthMax = 240
const base32 = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567'

/** The chains of one service port, by what leads to them; the names are upstream's. */
export interface ServiceChains {
  /** Endpoints of policy Cluster. */
  readonly cluster: string
  /** Endpoints of policy Local. */
  readonly local: string
  /** What comes in by an external address or node port. */
  readonly external: string
  /** Checks loadBalancerSourceRanges. */
  readonly firewall: string
}

/** `service-2QRHZV4L-default/kubernetes/tcp/https` and its kin. */
export function serviceChains(port: ServicePort): ServiceChains {
  const base = hashed(portPath(port))
  return {
    cluster: `service-${base}`,
    local: `local-${base}`,
    external: `external-${base}`,
    firewall: `firewall-${base}`,
  }
}

/** `endpoint-5OJB2KTY-ns/svc/tcp/p80__10.180.0.1/80`, and `affinity-...` for the set of its clients. */
export function endpointNames(
  port: ServicePort,
  endpoint: Endpoint,
): { readonly chain: string; readonly affinitySet: string } {
  const address = endpoint.address.replaceAll(':', '.')
  const base = hashed(`${portPath(port)}__${address}/${endpoint.port}`)
  return { chain: `endpoint-${base}`, affinitySet: `affinity-${base}` }
}

/** Chains of services have a slash in their name, the table's own have none. */
export function isServiceChain(name: string): boolean {
  return name.includes('/')
}

export function isAffinitySet(name: string): boolean {
  return name.startsWith('affinity-')
}

function portPath({ service, protocol, portName }: ServicePort): string {
  return `${service}/${protocol.toLowerCase()}/${portName}`
}

function hashed(name: string): string {
  const full = `${hashOf(name)}-${name}`
  return full.length > baseLengthMax ? `${full.slice(0, baseLengthMax - 3)}...` : full
}

/** The first 8 characters of the SHA-256 in base 32 (RFC 4648). */
function hashOf(name: string): string {
  const digest = createHash('sha256').update(name).digest()
  let bits = digest.readUIntBE(0, 5)
  let text = ''
  for (let i = 0; i < 8; i++) {
    text = base32[bits % 32]! + text
    bits = Math.floor(bits / 32)
  }
  return text
}
