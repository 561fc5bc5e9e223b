import type {
  AllocatedDeviceStatus,
  AllocationResult,
  DeviceAllocationConfiguration,
  DeviceRequestAllocationResult,
  NetworkDeviceData,
  ResourceClaimConsumerReference,
  ResourceResourceClaim,
} from '../../../generated/types.ts'
import type { FieldError } from '../../../status-error.ts'
import { validateConditions } from '../../../validation/conditions.ts'
import {
  fieldForbidden,
  fieldInvalid,
  fieldTooLong,
  fieldTooMany,
} from '../../../validation/field-error.ts'
import { fieldPath } from '../../../validation/field-path.ts'
import type { FieldPath } from '../../../validation/field-path.ts'
import { validateInterfaceAddress } from '../../../validation/ip.ts'
import { byteLength } from '../../../validation/name-rules.ts'
import { validateImmutable } from '../../../validation/object-meta.ts'
import { validateNodeSelector } from '../../pod-spec/affinity-validation.ts'
import { oneOf, requiredIfEmpty } from '../../rules/checked.ts'
import { validateDriverName } from '../../storage/driver-name.ts'
import { validateBindingConditions } from '../binding-conditions.ts'
import { configurationsMax, validateConfiguration, validateData } from '../configuration.ts'
import { validateLabelName, validatePoolName } from '../names.ts'
import { RequestNames } from '../request-names.ts'
import { validateList, validateSet } from '../rules.ts'
import { allocatedDevices, deviceIdOf, deviceKeyOf } from './devices.ts'
import type { DeviceId } from './devices.ts'

const consumersMax = 256
const resultsMax = 32
const conditionsMax = 8
const ipsMax = 16
const interfaceBytesMax = 256
const hardwareBytesMax = 128
const path = fieldPath('status')

export function validateClaimStatus(
  object: ResourceResourceClaim,
  old: ResourceResourceClaim,
): FieldError[] {
  const { reservedFor, devices } = object.status
  const allocated = allocatedDevices(object.status)
  return [
    ...validateSet(
      reservedFor,
      consumersMax,
      validateConsumer,
      ({ uid }) => uid,
      path.child('reservedFor'),
    ),
    ...validateSet(
      devices,
      Infinity,
      (device, at) => validateDevice(device, at, allocated),
      deviceIdOf,
      path.child('devices'),
    ),
    ...validateReservation(object, old),
    ...validateAllocation(object, old),
  ]
}

function validateConsumer(
  { resource, name, uid }: ResourceClaimConsumerReference,
  at: FieldPath,
): FieldError[] {
  return [
    ...requiredIfEmpty(at.child('resource'), resource),
    ...requiredIfEmpty(at.child('name'), name),
    ...requiredIfEmpty(at.child('uid'), uid),
  ]
}

function validateReservation(
  { metadata, status }: ResourceResourceClaim,
  old: ResourceResourceClaim,
): FieldError[] {
  const { reservedFor = [], allocation } = status
  const at = path.child('reservedFor')
  if (reservedFor.length === 0) return []
  if (!allocation) return [fieldForbidden(at, 'may not be specified when `allocated` is not set')]
  if (metadata.deletionTimestamp === undefined) return []
  const before = new Set(old.status.reservedFor?.map(({ uid }) => uid))
  const text =
    'new entries may not be added while `deallocationRequested` or `deletionTimestamp` are set'
  return reservedFor.some(({ uid }) => !before.has(uid)) ? [fieldForbidden(at, text)] : []
}

/** Devices are given once; taking them back and giving others are two writes. */
function validateAllocation(
  { spec, status: { allocation } }: ResourceResourceClaim,
  old: ResourceResourceClaim,
): FieldError[] {
  if (!allocation) return []
  const at = path.child('allocation')
  if (old.status.allocation) return validateImmutable(allocation, old.status.allocation, at)
  return validateResult(allocation, new RequestNames(spec.devices ?? {}), at)
}

function validateResult(
  { devices = {}, nodeSelector }: AllocationResult,
  names: RequestNames,
  at: FieldPath,
): FieldError[] {
  const inDevices = at.child('devices')
  return [
    ...validateList(
      devices.results,
      resultsMax,
      (result, where) => validateAllocated(result, where, names),
      inDevices.child('results'),
    ),
    ...validateList(
      devices.config,
      2 * configurationsMax,
      (config, where) => validateAllocatedConfig(config, where, names),
      inDevices.child('config'),
    ),
    ...(nodeSelector ? validateNodeSelector(nodeSelector, at.child('nodeSelector')) : []),
  ]
}

function validateAllocated(
  result: DeviceRequestAllocationResult,
  at: FieldPath,
  names: RequestNames,
): FieldError[] {
  return [
    ...names.validateOne(result.request, at.child('request')),
    ...validateDeviceName(result, at),
    ...validateBindingConditions(result, at),
  ]
}

function validateDeviceName(
  { driver, pool, device, shareID }: DeviceId,
  at: FieldPath,
): FieldError[] {
  return [
    ...validateDriverName(driver, at.child('driver')),
    ...validatePoolName(pool, at.child('pool')),
    ...validateLabelName(device, at.child('device')),
    ...(shareID === undefined ? [] : validateShareId(shareID, at.child('shareID'))),
  ]
}

const uuidLengths = [32, 36, 38, 45]

function validateShareId(id: string, at: FieldPath): FieldError[] {
  const complaint = checkUuid(id)
  return complaint === undefined ? [] : [fieldInvalid(at, id, complaint)]
}

/** Other notations of a UUID are readable, and not taken. */
function checkUuid(id: string): string | undefined {
  if (/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/.test(id)) return undefined
  if (!uuidLengths.includes(id.length))
    return `error validating uid: invalid UUID length: ${id.length}`
  if (!/^(urn:uuid:|\{)?[0-9a-f]{8}(-?[0-9a-f]{4}){3}-?[0-9a-f]{12}\}?$/i.test(id))
    return 'error validating uid: invalid UUID format'
  return 'uid must be in RFC 4122 normalized form, `xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx` with lowercase hexadecimal characters'
}

function validateAllocatedConfig(
  config: DeviceAllocationConfiguration,
  at: FieldPath,
  names: RequestNames,
): FieldError[] {
  return [
    ...oneOf(at.child('source'), config.source, ['FromClaim', 'FromClass']),
    ...names.validate(config.requests, at.child('requests')),
    ...validateConfiguration(config.opaque, at),
  ]
}

function validateDevice(
  device: AllocatedDeviceStatus,
  at: FieldPath,
  allocated: ReadonlySet<string>,
): FieldError[] {
  const { conditions = [], data, networkData } = device
  const inConditions = at.child('conditions')
  return [
    ...validateDeviceName(device, at),
    ...(allocated.has(deviceKeyOf(device))
      ? []
      : [fieldInvalid(at, deviceIdOf(device), 'must be an allocated device in the claim')]),
    ...(conditions.length > conditionsMax
      ? [fieldTooMany(inConditions, conditions.length, conditionsMax)]
      : []),
    ...validateConditions(conditions, inConditions),
    ...(data === undefined ? [] : validateData(data, at.child('data'))),
    ...(networkData ? validateNetworkData(networkData, at.child('networkData')) : []),
  ]
}

function validateNetworkData(
  { interfaceName = '', hardwareAddress = '', ips }: NetworkDeviceData,
  at: FieldPath,
): FieldError[] {
  return [
    ...(byteLength(interfaceName) > interfaceBytesMax
      ? [fieldTooLong(at.child('interfaceName'), interfaceBytesMax)]
      : []),
    ...(byteLength(hardwareAddress) > hardwareBytesMax
      ? [fieldTooLong(at.child('hardwareAddress'), hardwareBytesMax)]
      : []),
    ...validateSet(
      ips,
      ipsMax,
      (address, where) => validateInterfaceAddress(where, address),
      (address) => address,
      at.child('ips'),
    ),
  ]
}
