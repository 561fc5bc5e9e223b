import type { RequestContext } from '../../kind-definition.ts'
import type { Service, ServicePort, ServiceSpec } from '../../../generated/types.ts'
import type { FieldError } from '../../../status-error.ts'
import {
  fieldDuplicate,
  fieldForbidden,
  fieldInvalid,
  fieldRequired,
} from '../../../validation/field-error.ts'
import { fieldPath } from '../../../validation/field-path.ts'
import { validateCidr, validateIp } from '../../../validation/ip.ts'
import { validateLabels } from '../../../validation/labels.ts'
import {
  checkDns1123Label,
  checkDns1123Subdomain,
  checkQualifiedName,
} from '../../../validation/name-rules.ts'
import { checkPortNumber } from '../../../validation/value-rules.ts'
import { validateEndpointIp } from '../../network-rules/endpoint-ip.ts'
import { validateProtocol } from '../../network-rules/protocol.ts'
import { checked, checkedIfSet, oneOf } from '../../rules/checked.ts'
import { validatePortReference } from '../../rules/port.ts'
import { isHeadless, validateClusterIpFields, validateClusterIpUpdate } from './cluster-ip-rules.ts'
import { validateTraffic, validateTrafficUpdate } from './traffic-rules.ts'

const specPath = fieldPath('spec')
const portsPath = specPath.child('ports')
/** core.MaxClientIPServiceAffinitySeconds: a day. */
const maxAffinitySeconds = 86_400

export function validateService(service: Service, context: RequestContext): FieldError[] {
  return validateWhole(service, undefined, context)
}

export function validateServiceUpdate(
  service: Service,
  old: Service,
  context: RequestContext,
): FieldError[] {
  return [
    ...validateClusterIpUpdate(service.spec, old.spec),
    ...validateTrafficUpdate(service.spec, old.spec),
    ...validateWhole(service, old, context),
  ]
}

function validateWhole(
  service: Service,
  old: Service | undefined,
  context: RequestContext,
): FieldError[] {
  const { spec } = service
  return [
    ...validateTopologyAnnotations(service),
    ...validateType(spec),
    ...validatePorts(spec),
    ...validateLabels(spec.selector, specPath.child('selector')),
    ...validateAffinity(spec),
    ...validateClusterIpFields(spec, old?.spec),
    ...validateExternalIps(spec, old?.spec, context),
    ...oneOf(specPath.child('type'), spec.type, [
      'ClusterIP',
      'ExternalName',
      'LoadBalancer',
      'NodePort',
    ]),
    ...validateNodePorts(spec),
    ...validateUniquePorts(spec),
    ...validateSourceRanges(service, old),
    ...validateTraffic(spec),
  ]
}

const hints = 'service.kubernetes.io/topology-aware-hints'
const mode = 'service.kubernetes.io/topology-mode'

function validateTopologyAnnotations({ metadata }: Service): FieldError[] {
  const { [hints]: old, [mode]: now } = metadata.annotations ?? {}
  if (old === undefined || now === undefined || old === now) return []
  const text = `must match annotations[${hints}] when both are specified`
  return [fieldInvalid(fieldPath('metadata', 'annotations').key(mode), now, text)]
}

function validateType(spec: ServiceSpec): FieldError[] {
  const errors: FieldError[] = []
  if ((spec.ports ?? []).length === 0 && !isHeadless(spec) && spec.type !== 'ExternalName')
    errors.push(fieldRequired(portsPath))
  switch (spec.type) {
    case 'LoadBalancer':
    case 'NodePort': {
      if (!isHeadless(spec)) return errors
      const text = `may not be set to 'None' for ${spec.type} services`
      return [...errors, fieldInvalid(specPath.child('clusterIPs').index(0), 'None', text)]
    }
    case 'ExternalName':
      return [...errors, ...validateExternalName(spec)]
    default:
      return errors
  }
}

function validateExternalName(spec: ServiceSpec): FieldError[] {
  const errors = (['clusterIPs', 'ipFamilies', 'ipFamilyPolicy'] as const)
    .filter((field) => (spec[field] ?? []).length > 0)
    .map((field) =>
      fieldForbidden(specPath.child(field), 'may not be set for ExternalName services'),
    )
  const name = (spec.externalName ?? '').replace(/\.$/, '')
  const path = specPath.child('externalName')
  if (name === '') return [...errors, fieldRequired(path)]
  return [...errors, ...checked(path, name, checkDns1123Subdomain)]
}

function validatePorts(spec: ServiceSpec): FieldError[] {
  const ports = spec.ports ?? []
  const names = new Set<string>()
  return ports.flatMap((port, i) => {
    const path = portsPath.index(i)
    const { name = '' } = port
    const errors: FieldError[] = []
    if (name === '' && ports.length > 1) errors.push(fieldRequired(path.child('name')))
    if (name !== '') {
      errors.push(...checked(path.child('name'), name, checkDns1123Label))
      if (names.has(name)) errors.push(fieldDuplicate(path.child('name'), name))
      names.add(name)
    }
    return [
      ...errors,
      ...checked(path.child('port'), port.port, checkPortNumber),
      ...validateProtocol(port.protocol, path.child('protocol')),
      ...validatePortReference(path.child('targetPort'), port.targetPort ?? 0),
      ...(port.appProtocol === undefined
        ? []
        : checked(path.child('appProtocol'), port.appProtocol, checkQualifiedName)),
    ]
  })
}

function validateAffinity(spec: ServiceSpec): FieldError[] {
  const { sessionAffinity: affinity, sessionAffinityConfig: config } = spec
  const path = specPath.child('sessionAffinityConfig')
  const errors = oneOf(specPath.child('sessionAffinity'), affinity, ['ClientIP', 'None'])
  if (affinity === 'None' && config)
    return [...errors, fieldForbidden(path, 'must not be set when session affinity is None')]
  if (affinity !== 'ClientIP') return errors
  const text = 'when session affinity type is ClientIP'
  if (!config) return [...errors, fieldRequired(path, text)]
  if (!config.clientIP) return [...errors, fieldRequired(path.child('clientIP'), text)]
  const seconds = config.clientIP.timeoutSeconds
  const at = path.child('clientIP', 'timeoutSeconds')
  if (seconds === undefined) return [...errors, fieldRequired(at, text)]
  if (seconds > 0 && seconds <= maxAffinitySeconds) return errors
  const complaint = `must be greater than 0 and less than ${maxAffinitySeconds}`
  return [...errors, fieldInvalid(at, seconds, complaint)]
}

function validateExternalIps(
  { externalIPs = [] }: ServiceSpec,
  old: ServiceSpec | undefined,
  context: RequestContext,
): FieldError[] {
  return externalIPs.flatMap((ip, i) => {
    const path = specPath.child('externalIPs').index(i)
    const errors = validateIp(path, ip, old?.externalIPs?.includes(ip))
    return errors.length > 0 ? errors : validateEndpointIp(ip, path, context)
  })
}

function validateNodePorts({ type, ports = [] }: ServiceSpec): FieldError[] {
  const path = (i: number) => portsPath.index(i).child('nodePort')
  const forbidden =
    type === 'ClusterIP'
      ? ports.flatMap(({ nodePort }, i) =>
          nodePort ? [fieldForbidden(path(i), "may not be used when `type` is 'ClusterIP'")] : [],
        )
      : []
  const seen = new Set<string>()
  const twice = ports.flatMap(({ nodePort, protocol }, i) => {
    if (!nodePort) return []
    const key = `${protocol}/${nodePort}`
    const errors = seen.has(key) ? [fieldDuplicate(path(i), nodePort)] : []
    seen.add(key)
    return errors
  })
  return [...forbidden, ...twice]
}

function validateUniquePorts({ ports = [] }: ServiceSpec): FieldError[] {
  const seen = new Set<string>()
  return ports.flatMap((port, i) => {
    const key = `${port.protocol}/${port.port}`
    const errors = seen.has(key) ? [fieldDuplicate(portsPath.index(i), shownPort(port))] : []
    seen.add(key)
    return errors
  })
}

/** With the names of upstream's internal type, of which only what must be unique is shown. */
function shownPort({ protocol, port }: ServicePort): unknown {
  return {
    Name: '',
    Protocol: protocol ?? '',
    AppProtocol: null,
    Port: port,
    TargetPort: 0,
    NodePort: 0,
  }
}

const rangesAnnotation = 'service.beta.kubernetes.io/load-balancer-source-ranges'

function validateSourceRanges(service: Service, old: Service | undefined): FieldError[] {
  const { loadBalancerSourceRanges: ranges = [], type } = service.spec
  const text = "may only be used when `type` is 'LoadBalancer'"
  const wrongType = (path: typeof specPath): FieldError[] =>
    type === 'LoadBalancer' ? [] : [fieldForbidden(path, text)]
  if (ranges.length > 0) {
    // Upstream's own capital letter.
    const path = specPath.child('LoadBalancerSourceRanges')
    const before = (old?.spec.loadBalancerSourceRanges ?? []).map((range) => range.trim())
    return [
      ...wrongType(path),
      ...ranges.flatMap((range, i) =>
        validateCidr(path.index(i), range.trim(), before.includes(range.trim())),
      ),
    ]
  }
  const value = service.metadata.annotations?.[rangesAnnotation]
  if (value === undefined) return []
  const path = fieldPath('metadata', 'annotations').key(rangesAnnotation)
  if (old?.metadata.annotations?.[rangesAnnotation] === value || value.trim() === '')
    return wrongType(path)
  const cidrs = value.trim().split(',')
  return [...wrongType(path), ...cidrs.flatMap((cidr) => validateCidr(path, cidr.trim()))]
}

const ipModes = ['Proxy', 'VIP']

/** Where the load balancer can be reached (ValidateLoadBalancerStatus). */
export function validateServiceStatusUpdate(service: Service, old: Service): FieldError[] {
  const path = fieldPath('status', 'loadBalancer', 'ingress')
  const ingress = service.status?.loadBalancer?.ingress ?? []
  if (ingress.length > 0 && service.spec.type !== 'LoadBalancer')
    return [fieldForbidden(path, "may only be used when `spec.type` is 'LoadBalancer'")]
  const before = (old.status?.loadBalancer?.ingress ?? []).map(({ ip }) => ip)
  return ingress.flatMap(({ ip, ipMode, hostname }, i) => {
    const at = path.index(i)
    const errors = ip ? validateIp(at.child('ip'), ip, before.includes(ip)) : []
    if (ip && ipMode === undefined)
      errors.push(fieldRequired(at.child('ipMode'), 'must be specified when `ip` is set'))
    if (!ip && ipMode !== undefined)
      errors.push(fieldForbidden(at.child('ipMode'), 'may not be specified when `ip` is not set'))
    if (ip && ipMode !== undefined) errors.push(...oneOf(at.child('ipMode'), ipMode, ipModes))
    errors.push(...checkedIfSet(at.child('hostname'), hostname, checkDns1123Subdomain))
    if (hostname && validateIp(at, hostname, true).length === 0) {
      const text = 'must be a DNS name, not an IP address'
      errors.push(fieldInvalid(at.child('hostname'), hostname, text))
    }
    return errors
  })
}
