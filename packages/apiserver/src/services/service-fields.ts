import { deepEqual, invalid } from '@kemu/api'
import type { FieldError, Service, ServiceSpec } from '@kemu/api'
import { isIP, isIPv4 } from 'node:net'

/** corev1.ClusterIPNone: a headless service has no address. */
export const headless = 'None'

export function needsClusterIp({ type }: ServiceSpec): boolean {
  return type !== 'ExternalName'
}

export function needsNodePorts(spec: ServiceSpec): boolean {
  if (spec.type === 'NodePort') return true
  return spec.type === 'LoadBalancer' && spec.allocateLoadBalancerNodePorts !== false
}

export function usesNodePorts({ type }: ServiceSpec): boolean {
  return type === 'NodePort' || type === 'LoadBalancer'
}

export function needsHealthCheckPort({ type, externalTrafficPolicy }: ServiceSpec): boolean {
  return type === 'LoadBalancer' && externalTrafficPolicy === 'Local'
}

/** The singular and the plural field say the same (normalizeClusterIPs). */
export function normalizeClusterIps(spec: ServiceSpec, old: ServiceSpec | undefined): void {
  if (!old) {
    if (spec.clusterIP && !spec.clusterIPs?.length) spec.clusterIPs = [spec.clusterIP]
    return
  }
  const same = (): boolean => deepEqual(spec.clusterIPs ?? [], old.clusterIPs ?? [])
  if (old.clusterIPs?.length && !spec.clusterIPs?.length && old.clusterIP === spec.clusterIP) {
    spec.clusterIPs = [...old.clusterIPs]
  }
  if ((old.clusterIP ?? '') === (spec.clusterIP ?? '') || !same()) return
  if (old.clusterIP && !spec.clusterIP) delete spec.clusterIPs
  else spec.clusterIPs = [spec.clusterIP ?? '']
}

/** Who leaves out what the server chose means what is there (patchAllocatedValues). */
export function keepAllocated(spec: ServiceSpec, old: ServiceSpec): void {
  if (needsClusterIp(old) && needsClusterIp(spec)) {
    if (!spec.clusterIP && old.clusterIP) spec.clusterIP = old.clusterIP
    if (!spec.clusterIPs?.length && old.clusterIPs) spec.clusterIPs = [...old.clusterIPs]
  }
  if (usesNodePorts(old) && usesNodePorts(spec)) keepNodePorts(spec, old)
  if (needsHealthCheckPort(old) && needsHealthCheckPort(spec)) {
    if (!spec.healthCheckNodePort && old.healthCheckNodePort) {
      spec.healthCheckNodePort = old.healthCheckNodePort
    }
  }
}

function keepNodePorts(spec: ServiceSpec, old: ServiceSpec): void {
  const used = new Set((spec.ports ?? []).map(({ nodePort }) => nodePort))
  const byName = new Map((old.ports ?? []).map(({ name = '', nodePort }) => [name, nodePort]))
  for (const port of spec.ports ?? []) {
    if (port.nodePort) continue
    const before = byName.get(port.name ?? '')
    if (before && !used.has(before)) port.nodePort = before
  }
}

/** Policy and families of a cluster that has IPv4 only (initIPFamilyFields). Throws Invalid. */
export function initFamilies(service: Service, old: Service | undefined): void {
  const { spec } = service
  if (!needsClusterIp(spec)) return
  const selectorless = Object.keys(spec.selector ?? {}).length === 0
  const isFree = spec.clusterIP === headless && selectorless
  spec.ipFamilyPolicy ??= old?.spec.ipFamilyPolicy ?? (isFree ? 'RequireDualStack' : 'SingleStack')
  const errors = [...addressErrors(spec), ...policyErrors(spec)]
  if (errors.length > 0) throw invalid('', 'Service', service.metadata.name, errors)
  if (isFree) {
    spec.ipFamilies ??= ['IPv4']
    if (spec.ipFamilies.length < 2 && spec.ipFamilyPolicy !== 'SingleStack') {
      spec.ipFamilies = spec.ipFamilies[0] === 'IPv4' ? ['IPv4', 'IPv6'] : ['IPv6', 'IPv4']
    }
    return
  }
  const more = clusterErrors(spec)
  if (more.length > 0) throw invalid('', 'Service', service.metadata.name, more)
  if (!spec.ipFamilies?.length) spec.ipFamilies = ['IPv4']
}

function addressErrors({ clusterIPs = [] }: ServiceSpec): FieldError[] {
  return clusterIPs.flatMap((address, i) => {
    const field = `spec.clusterIPs[${i}]`
    if (address === headless) return []
    if (isIP(address) === 0) {
      const detail = `Invalid value: ${JSON.stringify(address)}: must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)`
      return [{ type: 'FieldValueInvalid', field, detail }]
    }
    if (isIPv4(address)) return []
    const detail = `Invalid value: ${JSON.stringify(clusterIPs)}: IPv6 is not configured on this cluster`
    return [{ type: 'FieldValueInvalid', field, detail }]
  })
}

function policyErrors({ clusterIPs, ipFamilies, ipFamilyPolicy }: ServiceSpec): FieldError[] {
  if (ipFamilyPolicy !== 'SingleStack') return []
  const error = (what: string): FieldError => ({
    type: 'FieldValueInvalid',
    field: 'spec.ipFamilyPolicy',
    detail: `Invalid value: "SingleStack": must be 'RequireDualStack' or 'PreferDualStack' when multiple ${what} are specified`,
  })
  return [
    ...(clusterIPs?.length === 2 ? [error('cluster IPs')] : []),
    ...(ipFamilies?.length === 2 ? [error('IP families')] : []),
  ]
}

function clusterErrors({ ipFamilies = [], ipFamilyPolicy }: ServiceSpec): FieldError[] {
  const dual: FieldError[] =
    ipFamilyPolicy === 'RequireDualStack'
      ? [
          {
            type: 'FieldValueInvalid',
            field: 'spec.ipFamilyPolicy',
            detail:
              'Invalid value: "RequireDualStack": this cluster is not configured for dual-stack services',
          },
        ]
      : []
  return [
    ...dual,
    ...ipFamilies.flatMap((family, i) =>
      family === 'IPv4'
        ? []
        : [
            {
              type: 'FieldValueInvalid',
              field: `spec.ipFamilies[${i}]`,
              detail: `Invalid value: ${JSON.stringify(family)}: not configured on this cluster`,
            },
          ],
    ),
  ]
}
