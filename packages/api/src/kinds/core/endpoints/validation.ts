import type {
  Endpoints,
  EndpointAddress,
  CoreEndpointPort,
  EndpointSubset,
} from '../../../generated/types.ts'
import { deepEqual } from '../../../object.ts'
import type { FieldError } from '../../../status-error.ts'
import { fieldInvalid, fieldRequired } from '../../../validation/field-error.ts'
import { fieldPath } from '../../../validation/field-path.ts'
import type { FieldPath } from '../../../validation/field-path.ts'
import { validateIp, warningsForIp } from '../../../validation/ip.ts'
import {
  checkDns1123Label,
  checkDns1123Subdomain,
  checkQualifiedName,
} from '../../../validation/name-rules.ts'
import type { Complaints } from '../../../validation/name-rules.ts'
import { checkPortNumber } from '../../../validation/value-rules.ts'
import type { RequestContext } from '../../kind-definition.ts'
import { validateEndpointIp } from '../../network-rules/endpoint-ip.ts'
import { validateProtocol } from '../../network-rules/protocol.ts'

export function validateEndpoints(
  { subsets = [] }: Endpoints,
  context: RequestContext,
): FieldError[] {
  return subsets.flatMap((subset, i) =>
    validateSubset(subset, fieldPath('subsets').index(i), context),
  )
}

/** Old subsets that nobody touches are left in peace. */
export function validateEndpointsUpdate(
  object: Endpoints,
  old: Endpoints,
  context: RequestContext,
): FieldError[] {
  return deepEqual(object.subsets, old.subsets) ? [] : validateEndpoints(object, context)
}

function validateSubset(
  { addresses = [], notReadyAddresses = [], ports = [] }: EndpointSubset,
  path: FieldPath,
  context: RequestContext,
): FieldError[] {
  const errors =
    addresses.length + notReadyAddresses.length === 0
      ? [fieldRequired(path, 'must specify `addresses` or `notReadyAddresses`')]
      : []
  const ofList = (list: readonly EndpointAddress[], name: string): FieldError[] =>
    list.flatMap((address, i) => validateAddress(address, path.child(name).index(i), context))
  return [
    ...errors,
    ...ofList(addresses, 'addresses'),
    ...ofList(notReadyAddresses, 'notReadyAddresses'),
    ...ports.flatMap((port, i) =>
      validatePort(port, ports.length > 1, path.child('ports').index(i)),
    ),
  ]
}

function validateAddress(
  { ip, hostname, nodeName }: EndpointAddress,
  path: FieldPath,
  context: RequestContext,
): FieldError[] {
  const errors = validateIp(path.child('ip'), ip)
  if (hostname) errors.push(...invalid(path.child('hostname'), hostname, checkDns1123Label))
  if (nodeName !== undefined)
    errors.push(...invalid(path.child('nodeName'), nodeName, checkDns1123Subdomain))
  return [...errors, ...validateEndpointIp(ip, path.child('ip'), context)]
}

function validatePort(
  { name = '', port, protocol, appProtocol }: CoreEndpointPort,
  nameRequired: boolean,
  path: FieldPath,
): FieldError[] {
  const errors: FieldError[] = []
  if (nameRequired && name === '') errors.push(fieldRequired(path.child('name')))
  else if (name !== '') errors.push(...invalid(path.child('name'), name, checkDns1123Label))
  errors.push(
    ...checkPortNumber(port).map((text) => fieldInvalid(path.child('port'), port, text)),
    ...validateProtocol(protocol, path.child('protocol')),
  )
  if (appProtocol !== undefined)
    errors.push(...invalid(path.child('appProtocol'), appProtocol, checkQualifiedName))
  return errors
}

function invalid(
  path: FieldPath,
  value: string,
  check: (value: string) => Complaints,
): FieldError[] {
  return check(value).map((text) => fieldInvalid(path, value, text))
}

export function endpointsWarnings({ metadata, subsets = [] }: Endpoints): string[] {
  if (metadata.labels?.['endpoints.kubernetes.io/managed-by'] === 'endpoint-controller') return []
  return subsets.flatMap((subset, i) =>
    (['addresses', 'notReadyAddresses'] as const).flatMap((name) =>
      (subset[name] ?? []).flatMap(({ ip }, j) =>
        warningsForIp(fieldPath('subsets').index(i).child(name).index(j).child('ip'), ip),
      ),
    ),
  )
}
