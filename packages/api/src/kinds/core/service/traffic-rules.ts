import type { ServiceSpec } from '../../../generated/types.ts'
import type { FieldError } from '../../../status-error.ts'
import { fieldForbidden, fieldInvalid, fieldRequired } from '../../../validation/field-error.ts'
import { fieldPath } from '../../../validation/field-path.ts'
import { checkQualifiedName } from '../../../validation/name-rules.ts'
import { checkPortNumber } from '../../../validation/value-rules.ts'
import { checked, oneOf, oneOfIfSet } from '../../rules/checked.ts'
import { isExternallyAccessible } from './defaults.ts'

const path = fieldPath('spec')
const balancerOnly = "may only be used when `type` is 'LoadBalancer'"
const reach = ['Cluster', 'Local']

/** How traffic gets to the pods: policies, and what only load balancers have. */
export function validateTraffic(spec: ServiceSpec): FieldError[] {
  return [
    ...validateBalancer(spec),
    ...validateExternal(spec),
    ...validateHealthCheck(spec),
    ...(spec.type !== 'ExternalName' && spec.internalTrafficPolicy === undefined
      ? [fieldRequired(path.child('internalTrafficPolicy'))]
      : oneOfIfSet(path.child('internalTrafficPolicy'), spec.internalTrafficPolicy, reach)),
    ...oneOfIfSet(path.child('trafficDistribution'), spec.trafficDistribution, [
      'PreferClose',
      'PreferSameZone',
      'PreferSameNode',
    ]),
  ]
}

function validateBalancer(spec: ServiceSpec): FieldError[] {
  const { allocateLoadBalancerNodePorts: allocate, loadBalancerClass } = spec
  const at = path.child('loadBalancerClass')
  if (spec.type === 'LoadBalancer')
    return [
      ...(allocate === undefined
        ? [fieldRequired(fieldPath('allocateLoadBalancerNodePorts'))]
        : []),
      ...(loadBalancerClass === undefined
        ? []
        : checked(at, loadBalancerClass, checkQualifiedName)),
    ]
  return [
    ...(allocate === undefined
      ? []
      : [fieldForbidden(path.child('allocateLoadBalancerNodePorts'), balancerOnly)]),
    ...(loadBalancerClass === undefined ? [] : [fieldForbidden(at, balancerOnly)]),
  ]
}

function validateExternal(spec: ServiceSpec): FieldError[] {
  const at = path.child('externalTrafficPolicy')
  const policy = spec.externalTrafficPolicy
  if (isExternallyAccessible(spec)) return oneOf(at, policy, reach)
  if (!policy) return []
  return [fieldInvalid(at, policy, 'may only be set for externally-accessible services')]
}

function needsHealthCheck({ type, externalTrafficPolicy }: ServiceSpec): boolean {
  return type === 'LoadBalancer' && externalTrafficPolicy === 'Local'
}

function validateHealthCheck(spec: ServiceSpec): FieldError[] {
  const at = path.child('healthCheckNodePort')
  const port = spec.healthCheckNodePort
  if (needsHealthCheck(spec)) return port ? checked(at, port, checkPortNumber) : [fieldRequired(at)]
  if (!port) return []
  const text =
    "may only be set when `type` is 'LoadBalancer' and `externalTrafficPolicy` is 'Local'"
  return [fieldInvalid(at, port, text)]
}

export function validateTrafficUpdate(spec: ServiceSpec, old: ServiceSpec): FieldError[] {
  const errors: FieldError[] = []
  const both = spec.type === 'LoadBalancer' && old.type === 'LoadBalancer'
  if (both && spec.loadBalancerClass !== old.loadBalancerClass) {
    const shown = spec.loadBalancerClass ?? null
    errors.push(fieldInvalid(path.child('loadBalancerClass'), shown, 'may not change once set'))
  }
  errors.push(...validateBalancerClass(spec))
  const checked = needsHealthCheck(spec) && needsHealthCheck(old)
  if (checked && spec.healthCheckNodePort !== old.healthCheckNodePort)
    errors.push(fieldForbidden(path.child('healthCheckNodePort'), 'field is immutable'))
  return errors
}

/** Asked twice on updates, as upstream does; equal errors are shown once. */
function validateBalancerClass(spec: ServiceSpec): FieldError[] {
  const at = path.child('loadBalancerClass')
  if (spec.loadBalancerClass === undefined) return []
  return spec.type === 'LoadBalancer'
    ? checked(at, spec.loadBalancerClass, checkQualifiedName)
    : [fieldForbidden(at, balancerOnly)]
}
