import type { DiscoveryEndpointPort, Endpoint, EndpointSlice } from '../../../generated/types.ts'
import { deepEqual } from '../../../object.ts'
import type { FieldError } from '../../../status-error.ts'
import {
  fieldDuplicate,
  fieldInvalid,
  fieldNotSupported,
  fieldRequired,
  fieldTooMany,
} from '../../../validation/field-error.ts'
import { fieldPath } from '../../../validation/field-path.ts'
import type { FieldPath } from '../../../validation/field-path.ts'
import { parseIp, validateCanonicalIp, validateIp, warningsForIp } from '../../../validation/ip.ts'
import {
  checkDns1123Label,
  checkDns1123Subdomain,
  checkLabelValue,
  checkQualifiedName,
} from '../../../validation/name-rules.ts'
import type { Complaints } from '../../../validation/name-rules.ts'
import { validateImmutable } from '../../../validation/object-meta.ts'
import { validateFullyQualifiedDomainName } from '../../../validation/value-rules.ts'
import type { RequestContext } from '../../kind-definition.ts'
import { validateEndpointIp } from '../../network-rules/endpoint-ip.ts'
import { validateProtocol } from '../../network-rules/protocol.ts'

/** discovery/validation maxEndpoints ... */
const most = { endpoints: 1000, addresses: 100, ports: 20_000, hints: 8 } as const
const addressTypes = ['FQDN', 'IPv4', 'IPv6']

export function validateEndpointSlice(slice: EndpointSlice, context: RequestContext): FieldError[] {
  return [
    ...validateAddressType(slice.addressType),
    ...validatePorts(slice.ports ?? []),
    ...validateEndpoints(slice, context),
  ]
}

export function validateEndpointSliceUpdate(
  slice: EndpointSlice,
  old: EndpointSlice,
  context: RequestContext,
): FieldError[] {
  const untouched = deepEqual(slice.endpoints ?? [], old.endpoints ?? [])
  return [
    ...validateAddressType(slice.addressType),
    ...validatePorts(slice.ports ?? []),
    ...(untouched ? [] : validateEndpoints(slice, context)),
    ...validateImmutable(slice.addressType, old.addressType, fieldPath('addressType')),
  ]
}

function validateAddressType(type: string): FieldError[] {
  const path = fieldPath('addressType')
  if (!type) return [fieldRequired(path)]
  return addressTypes.includes(type) ? [] : [fieldNotSupported(path, type, addressTypes)]
}

function validatePorts(ports: readonly DiscoveryEndpointPort[]): FieldError[] {
  const path = fieldPath('ports')
  if (ports.length > most.ports) return [fieldTooMany(path, ports.length, most.ports)]
  const names = new Set<string>()
  return ports.flatMap(({ name = '', protocol, appProtocol }, i) => {
    const at = path.index(i)
    const errors = name === '' ? [] : invalid(at.child('name'), name, checkDns1123Label)
    if (names.has(name)) errors.push(fieldDuplicate(at.child('name'), name))
    names.add(name)
    errors.push(...validateProtocol(protocol, at.child('protocol')))
    if (appProtocol !== undefined)
      errors.push(...invalid(at.child('appProtocol'), appProtocol, checkQualifiedName))
    return errors
  })
}

function validateEndpoints(slice: EndpointSlice, context: RequestContext): FieldError[] {
  const { addressType } = slice
  // The decoder writes null for the list that nobody stated.
  const endpoints = slice.endpoints ?? []
  const path = fieldPath('endpoints')
  if (endpoints.length > most.endpoints)
    return [fieldTooMany(path, endpoints.length, most.endpoints)]
  return endpoints.flatMap((endpoint, i) =>
    validateEndpoint(endpoint, addressType, path.index(i), context),
  )
}

function validateEndpoint(
  endpoint: Endpoint,
  addressType: string,
  path: FieldPath,
  context: RequestContext,
): FieldError[] {
  const { nodeName, hostname, hints } = endpoint
  const addresses = endpoint.addresses ?? []
  const at = path.child('addresses')
  const errors: FieldError[] = []
  if (addresses.length === 0) errors.push(fieldRequired(at, 'must contain at least 1 address'))
  else if (addresses.length > most.addresses)
    errors.push(fieldTooMany(at, addresses.length, most.addresses))
  errors.push(
    ...addresses.flatMap((address, i) => validateAddress(address, addressType, at, i, context)),
  )
  if (nodeName !== undefined)
    errors.push(...invalid(path.child('nodeName'), nodeName, checkDns1123Subdomain))
  if (hostname !== undefined)
    errors.push(...invalid(path.child('hostname'), hostname, checkDns1123Label))
  if (hints) errors.push(...validateHints(hints, path.child('hints')))
  return errors
}

function validateAddress(
  address: string,
  addressType: string,
  path: FieldPath,
  index: number,
  context: RequestContext,
): FieldError[] {
  const at = path.index(index)
  if (addressType === 'FQDN') return validateFullyQualifiedDomainName(at, address)
  if (addressType !== 'IPv4' && addressType !== 'IPv6') return []
  const errors = addressType === 'IPv4' ? validateIp(at, address) : validateCanonicalIp(at, address)
  if (errors.length > 0) return errors
  if (`IPv${parseIp(address)!.family}` !== addressType)
    errors.push(fieldInvalid(path, address, `must be an ${addressType} address`))
  return [...errors, ...validateEndpointIp(address, at, context)]
}

function validateHints(
  { forZones = [], forNodes = [] }: NonNullable<Endpoint['hints']>,
  path: FieldPath,
): FieldError[] {
  return [
    ...validateHintNames(forZones, path.child('forZones'), checkLabelValue),
    ...validateHintNames(forNodes, path.child('forNodes'), checkDns1123Subdomain),
  ]
}

function validateHintNames(
  hints: readonly { name: string }[],
  path: FieldPath,
  check: (value: string) => Complaints,
): FieldError[] {
  if (hints.length > most.hints) return [fieldTooMany(path, hints.length, most.hints)]
  const names = new Set<string>()
  return hints.flatMap(({ name }, i) => {
    const at = path.index(i).child('name')
    const twice = names.has(name) ? [fieldDuplicate(at, name)] : []
    names.add(name)
    return [...twice, ...invalid(at, name, check)]
  })
}

function invalid(
  path: FieldPath,
  value: string,
  check: (value: string) => Complaints,
): FieldError[] {
  return check(value).map((text) => fieldInvalid(path, value, text))
}

const managedBy = 'endpointslice.kubernetes.io/managed-by'
const managers = ['endpointslice-controller.k8s.io', 'endpointslicemirroring-controller.k8s.io']

export function endpointSliceWarnings(
  { addressType, endpoints, metadata }: EndpointSlice,
  old: EndpointSlice | undefined,
): string[] {
  const warnings =
    addressType === 'FQDN' && !old ? ['spec.addressType: FQDN endpoints are deprecated'] : []
  if (managers.includes(metadata.labels?.[managedBy] ?? '')) return warnings
  const path = fieldPath('endpoints')
  const ofAddresses = (endpoints ?? []).flatMap(({ addresses }, i) =>
    (addresses ?? []).flatMap((address, j) =>
      warningsForIp(path.index(i).child('addresses').index(j), address),
    ),
  )
  return [...warnings, ...ofAddresses]
}
