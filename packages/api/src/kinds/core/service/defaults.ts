import type { Service, ServicePort, ServiceSpec } from '../../../generated/types.ts'

/** corev1.DefaultClientIPServiceAffinitySeconds: three hours. */
const affinitySeconds = 10_800

/** SetDefaults_Service */
export function setServiceDefaults(service: Service): void {
  const { spec } = service
  spec.type ||= 'ClusterIP'
  defaultAffinity(spec)
  for (const port of spec.ports ?? []) defaultPort(port)
  if (isExternallyAccessible(spec)) spec.externalTrafficPolicy ||= 'Cluster'
  if (spec.type !== 'ExternalName') spec.internalTrafficPolicy ??= 'Cluster'
  if (spec.type !== 'LoadBalancer') return
  spec.allocateLoadBalancerNodePorts ??= true
  for (const ingress of service.status?.loadBalancer?.ingress ?? [])
    if (ingress.ip) ingress.ipMode ??= 'VIP'
}

/** api/service ExternallyAccessible */
export function isExternallyAccessible({ type, externalIPs }: ServiceSpec): boolean {
  if (type === 'LoadBalancer' || type === 'NodePort') return true
  return type === 'ClusterIP' && (externalIPs ?? []).length > 0
}

function defaultAffinity(spec: ServiceSpec): void {
  spec.sessionAffinity ||= 'None'
  if (spec.sessionAffinity === 'None') delete spec.sessionAffinityConfig
  else if (spec.sessionAffinity === 'ClientIP') {
    if (spec.sessionAffinityConfig?.clientIP?.timeoutSeconds === undefined)
      spec.sessionAffinityConfig = { clientIP: { timeoutSeconds: affinitySeconds } }
  }
}

function defaultPort(port: ServicePort): void {
  port.protocol ||= 'TCP'
  if (port.targetPort === undefined || port.targetPort === 0 || port.targetPort === '')
    port.targetPort = port.port
}
