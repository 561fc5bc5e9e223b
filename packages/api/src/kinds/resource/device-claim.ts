import type {
  DeviceClaim,
  DeviceClaimConfiguration,
  DeviceConstraint,
  DeviceRequest,
  DeviceSubRequest,
  ExactDeviceRequest,
  ResourceClaimSpec,
} from '../../generated/types.ts'
import type { FieldError } from '../../status-error.ts'
import { fieldInvalid, fieldNotSupported, fieldRequired } from '../../validation/field-error.ts'
import type { FieldPath } from '../../validation/field-path.ts'
import { configurationsMax, validateConfiguration } from './configuration.ts'
import { validateClassName, validateFullyQualifiedName, validateLabelName } from './names.ts'
import { RequestNames } from './request-names.ts'
import { validateList, validateSet } from './rules.ts'
import { validateSelectors } from './selectors.ts'
import { validateTolerations } from './taints.ts'

export const requestsMax = 32
const subRequestsMax = 8
const constraintsMax = 32

/** A claim asks for one device of what it names unless it says otherwise. */
export function setClaimDefaults({ devices }: ResourceClaimSpec): void {
  for (const { exactly, firstAvailable = [] } of devices?.requests ?? [])
    for (const request of [...(exactly ? [exactly] : []), ...firstAvailable]) {
      request.allocationMode ||= 'ExactCount'
      if (request.allocationMode === 'ExactCount') request.count ||= 1
      for (const toleration of request.tolerations ?? []) toleration.operator ||= 'Equal'
    }
}

export function validateClaimSpec(
  { devices = {} }: ResourceClaimSpec,
  path: FieldPath,
): FieldError[] {
  return validateDeviceClaim(devices, path.child('devices'))
}

function validateDeviceClaim(claim: DeviceClaim, path: FieldPath): FieldError[] {
  const names = new RequestNames(claim)
  const validateConstraint = (constraint: DeviceConstraint, at: FieldPath): FieldError[] => [
    ...names.validate(constraint.requests, at.child('requests')),
    ...validateAttribute(constraint, at),
  ]
  const validateConfig = (config: DeviceClaimConfiguration, at: FieldPath): FieldError[] => [
    ...names.validate(config.requests, at.child('requests')),
    ...validateConfiguration(config.opaque, at),
  ]
  const { requests, constraints, config } = claim
  return [
    ...validateSet(requests, requestsMax, validateRequest, nameOf, path.child('requests')),
    ...validateList(constraints, constraintsMax, validateConstraint, path.child('constraints')),
    ...validateList(config, configurationsMax, validateConfig, path.child('config')),
  ]
}

function nameOf({ name }: { readonly name: string }): string {
  return name
}

function validateRequest(request: DeviceRequest, path: FieldPath): FieldError[] {
  const { exactly, firstAvailable = [] } = request
  const errors = validateLabelName(request.name, path.child('name'))
  const text = 'exactly one of `exactly` or `firstAvailable` is required'
  if (exactly && firstAvailable.length > 0) {
    return [...errors, fieldInvalid(path, null, `${text}, but multiple fields are set`)]
  }
  if (exactly) return [...errors, ...validateWanted(exactly, path.child('exactly'))]
  if (firstAvailable.length === 0) return [...errors, fieldRequired(path, text)]
  const at = path.child('firstAvailable')
  return [...errors, ...validateSet(firstAvailable, subRequestsMax, validateSubRequest, nameOf, at)]
}

function validateSubRequest(request: DeviceSubRequest, path: FieldPath): FieldError[] {
  return [...validateLabelName(request.name, path.child('name')), ...validateWanted(request, path)]
}

function validateWanted(
  request: ExactDeviceRequest | DeviceSubRequest,
  path: FieldPath,
): FieldError[] {
  return [
    ...validateClassName(request.deviceClassName, path.child('deviceClassName')),
    ...validateSelectors(request.selectors, path.child('selectors')),
    ...validateMode(request, path),
    ...validateTolerations(request.tolerations, path.child('tolerations')),
  ]
}

function validateMode(
  { allocationMode = '', count = 0 }: ExactDeviceRequest | DeviceSubRequest,
  path: FieldPath,
): FieldError[] {
  const at = path.child('count')
  switch (allocationMode) {
    case 'All': {
      const text = "must not be specified when allocationMode is 'All'"
      return count === 0 ? [] : [fieldInvalid(at, count, text)]
    }
    case 'ExactCount':
      return count > 0 ? [] : [fieldInvalid(at, count, 'must be greater than zero')]
    default: {
      const modes = ['All', 'ExactCount']
      return [fieldNotSupported(path.child('allocationMode'), allocationMode, modes)]
    }
  }
}

function validateAttribute(
  { matchAttribute, distinctAttribute }: DeviceConstraint,
  path: FieldPath,
): FieldError[] {
  if (matchAttribute !== undefined)
    return validateFullyQualifiedName(matchAttribute, path.child('matchAttribute'))
  if (distinctAttribute !== undefined)
    return validateFullyQualifiedName(distinctAttribute, path.child('distinctAttribute'))
  // Upstream says this where none is set, too.
  const text = 'exactly one of "matchAttribute" or "distinctAttribute" is required'
  return [fieldRequired(path, `${text}, but multiple fields are set`)]
}
