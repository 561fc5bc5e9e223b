import type { Device, DeviceCounterConsumption } from '../../../generated/types.ts'
import type { FieldError } from '../../../status-error.ts'
import { fieldInvalid } from '../../../validation/field-error.ts'
import type { FieldPath } from '../../../validation/field-path.ts'
import { validateNodeSelector } from '../../pod-spec/affinity-validation.ts'
import { validateBindingConditions } from '../binding-conditions.ts'
import { qualifiedNameLengthMax, validateLabelName, validateQualifiedName } from '../names.ts'
import { validateList, validateMap, validateSet } from '../rules.ts'
import { validateTaint } from '../taints.ts'
import { validateAttribute } from './attribute.ts'
import { validateSharedCapacity, validateWholeCapacity } from './capacity.ts'
import { validateCounters } from './counters.ts'
import { chosenPlaces, oneOfPlaces } from './places.ts'

const attributesAndCapacitiesMax = 32
const taintsMax = 16
const consumptionsMax = 2

export interface DeviceContext {
  /** Each device of the slice says for itself where it is. */
  readonly choosesNode: boolean
  /** Taints that were taken before are not looked at again. */
  readonly areTaintsOld: boolean
}

export function validateDevice(
  device: Device,
  path: FieldPath,
  context: DeviceContext,
): FieldError[] {
  const { attributes = {}, capacity = {}, taints } = device
  return [
    ...validateLabelName(device.name, path.child('name')),
    ...validateCount(Object.keys(attributes).length + Object.keys(capacity).length, path),
    ...validateMap(
      attributes,
      qualifiedNameLengthMax,
      validateQualifiedName,
      validateAttribute,
      path.child('attributes'),
    ),
    ...validateMap(
      capacity,
      qualifiedNameLengthMax,
      validateQualifiedName,
      device.allowMultipleAllocations ? validateSharedCapacity : validateWholeCapacity,
      path.child('capacity'),
    ),
    ...(context.areTaintsOld
      ? []
      : validateList(taints, taintsMax, validateTaint, path.child('taints'))),
    ...validateSet(
      device.consumesCounters,
      consumptionsMax,
      validateConsumption,
      ({ counterSet }) => counterSet,
      path.child('consumesCounters'),
    ),
    ...validatePlace(device, path, context.choosesNode),
    ...validateBindingConditions(device, path),
  ]
}

function validateCount(count: number, path: FieldPath): FieldError[] {
  if (count <= attributesAndCapacitiesMax) return []
  const text = `the total number of attributes and capacities must not exceed ${attributesAndCapacitiesMax}`
  return [fieldInvalid(path, count, text)]
}

function validateConsumption(
  { counterSet, counters }: DeviceCounterConsumption,
  path: FieldPath,
): FieldError[] {
  return validateCounters(counterSet, counters, path, 'counterSet')
}

function validatePlace(device: Device, path: FieldPath, choosesNode: boolean): FieldError[] {
  if (!choosesNode) {
    const { nodeName, nodeSelector, allNodes } = device
    if ((nodeName ?? nodeSelector ?? allNodes) === undefined) return []
    const text =
      '`nodeName`, `nodeSelector` and `allNodes` can only be set if `perDeviceNodeSelection` is set to true in the ResourceSlice spec'
    return [fieldInvalid(path, null, text)]
  }
  const { names, errors } = chosenPlaces(device, path, {
    emptyName: 'must not be empty',
    selector: validateNodeSelector,
  })
  const wish =
    'exactly one of `nodeName`, `nodeSelector`, or `allNodes` is required when `perDeviceNodeSelection` is set to true in the ResourceSlice spec'
  return [...errors, ...oneOfPlaces(names, path, wish, wish)]
}
