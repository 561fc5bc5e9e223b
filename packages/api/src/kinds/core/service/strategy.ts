import type { Service, ServiceSpec } from '../../../generated/types.ts'
import { deepEqual } from '../../../object.ts'
import { nameIsDnsLabel } from '../../../validation/name-rules.ts'
import { keepStatus } from '../../definition/status-subresource.ts'
import type { Strategy } from '../../kind-definition.ts'
import { isExternallyAccessible, setServiceDefaults } from './defaults.ts'
import { validateService, validateServiceUpdate } from './validation.ts'
import { serviceWarnings } from './warnings.ts'

/** registry/core/service svcStrategy; addresses and node ports are allocated by the server. */
export const serviceStrategy: Partial<Strategy<Service>> = {
  allowCreateOnUpdate: true,
  nameRule: nameIsDnsLabel,
  setDefaults: setServiceDefaults,
  prepareForCreate(service) {
    service.status = { loadBalancer: {} }
    hideInternalPolicy(service.spec)
  },
  prepareForUpdate(service, old) {
    keepStatus(service, old)
    dropFieldsOfOldType(service.spec, old.spec)
    hideInternalPolicy(service.spec)
    if (service.spec.type !== 'LoadBalancer')
      service.status = { ...service.status, loadBalancer: {} }
  },
  validate: validateService,
  validateUpdate: validateServiceUpdate,
  warnings: serviceWarnings,
}

/**
 * A change of type lets go of what the old type brought, unless the writer changed it as well: a person who edits only `type`
 * should not have to clean up what the server filled in (dropTypeDependentFields).
 */
function dropFieldsOfOldType(spec: ServiceSpec, old: ServiceSpec): void {
  const lost = (holds: (spec: ServiceSpec) => boolean): boolean => holds(old) && !holds(spec)
  const unchanged = (field: keyof ServiceSpec): boolean => deepEqual(spec[field], old[field])
  if (lost(needsClusterIp)) {
    if (unchanged('clusterIP') && unchanged('clusterIPs')) {
      delete spec.clusterIP
      delete spec.clusterIPs
    }
    if (unchanged('ipFamilies')) delete spec.ipFamilies
    if (unchanged('ipFamilyPolicy')) delete spec.ipFamilyPolicy
  }
  if (lost(needsNodePort) && nodePortsOf(spec).every((port) => nodePortsOf(old).includes(port)))
    for (const port of spec.ports ?? []) delete port.nodePort
  if (lost(needsHealthCheckNodePort) && unchanged('healthCheckNodePort'))
    delete spec.healthCheckNodePort
  if (lost(isLoadBalancer)) {
    if (unchanged('allocateLoadBalancerNodePorts')) delete spec.allocateLoadBalancerNodePorts
    if (unchanged('loadBalancerClass')) delete spec.loadBalancerClass
  }
  if (lost(isExternallyAccessible) && unchanged('externalTrafficPolicy'))
    delete spec.externalTrafficPolicy
}

/** Nothing is sent to a name inside the cluster (defaultOnReadInternalTrafficPolicy). */
function hideInternalPolicy(spec: ServiceSpec): void {
  if (spec.type === 'ExternalName') delete spec.internalTrafficPolicy
}

function needsClusterIp({ type }: ServiceSpec): boolean {
  return type !== 'ExternalName'
}

function needsNodePort({ type }: ServiceSpec): boolean {
  return type === 'NodePort' || type === 'LoadBalancer'
}

function needsHealthCheckNodePort(spec: ServiceSpec): boolean {
  return isLoadBalancer(spec) && spec.externalTrafficPolicy === 'Local'
}

function isLoadBalancer({ type }: ServiceSpec): boolean {
  return type === 'LoadBalancer'
}

function nodePortsOf({ ports }: ServiceSpec): number[] {
  return (ports ?? []).flatMap(({ nodePort }) => nodePort || [])
}
