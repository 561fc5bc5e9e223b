import type {
  CounterSet,
  NodeSelector,
  ResourcePool,
  ResourceSlice,
  ResourceSliceSpec,
} from '../../../generated/types.ts'
import { deepEqual } from '../../../object.ts'
import type { FieldError } from '../../../status-error.ts'
import { fieldInvalid } from '../../../validation/field-error.ts'
import { fieldPath } from '../../../validation/field-path.ts'
import type { FieldPath } from '../../../validation/field-path.ts'
import { validateImmutable } from '../../../validation/object-meta.ts'
import { validateNodeSelector } from '../../pod-spec/affinity-validation.ts'
import { validateDriverName } from '../../storage/driver-name.ts'
import { validatePoolName } from '../names.ts'
import { validateSet } from '../rules.ts'
import { validateCounters } from './counters.ts'
import { validateDevice } from './device-validation.ts'
import { chosenPlaces, oneOfPlaces } from './places.ts'

const devicesMax = 128
/** Of devices with taints, or ones that share counters. */
const advancedDevicesMax = 64
const counterSetsMax = 8
const path = fieldPath('spec')

export function validateSlice({ spec }: ResourceSlice): FieldError[] {
  return validateSpec(spec, undefined)
}

export function validateSliceUpdate({ spec }: ResourceSlice, old: ResourceSlice): FieldError[] {
  return validateSpec(spec, old.spec)
}

function validateSpec(spec: ResourceSliceSpec, old: ResourceSliceSpec | undefined): FieldError[] {
  return [
    ...validateDriverName(spec.driver, path.child('driver')),
    ...validatePool(spec.pool, path.child('pool')),
    ...(old ? validateFixed(spec, old) : []),
    ...validatePlaces(spec),
    ...(spec.sharedCounters && spec.devices
      ? [fieldInvalid(path, '', 'only one of `sharedCounters` or `devices` is allowed')]
      : []),
    ...validateDevices(spec, old),
    ...validateSet(
      spec.sharedCounters,
      counterSetsMax,
      validateCounterSet,
      ({ name }) => name,
      path.child('sharedCounters'),
    ),
  ]
}

function validatePool({ name, generation, resourceSliceCount }: ResourcePool, at: FieldPath) {
  return [
    ...validatePoolName(name, at.child('name')),
    ...(resourceSliceCount > 0
      ? []
      : [
          fieldInvalid(
            at.child('resourceSliceCount'),
            resourceSliceCount,
            'must be greater than zero',
          ),
        ]),
    ...(generation >= 0
      ? []
      : [
          fieldInvalid(at.child('generation'), generation, 'must be greater than or equal to zero'),
        ]),
  ]
}

function validateFixed(spec: ResourceSliceSpec, old: ResourceSliceSpec): FieldError[] {
  return [
    ...validateImmutable(spec.pool.name, old.pool.name, path.child('pool', 'name')),
    ...validateImmutable(spec.driver, old.driver, path.child('driver')),
    ...validateImmutable(spec.nodeName, old.nodeName, path.child('nodeName')),
  ]
}

function validatePlaces(spec: ResourceSliceSpec): FieldError[] {
  const { perDeviceNodeSelection } = spec
  const { names, errors } = chosenPlaces(spec, path, {
    emptyName: 'must be either unset or set to a non-empty string',
    selector: validateSingleTerm,
  })
  if (perDeviceNodeSelection) names.push('`perDeviceNodeSelection`')
  if (perDeviceNodeSelection === false) {
    const text = 'must be either unset or set to true'
    errors.push(fieldInvalid(path.child('perDeviceNodeSelection'), false, text))
  }
  const fields = '`nodeName`, `nodeSelector`, `allNodes`, `perDeviceNodeSelection`'
  const wish = `exactly one of ${fields} is required`
  return [...errors, ...oneOfPlaces(names, path, wish, `${wish}, but multiple fields are set`)]
}

function validateSingleTerm(selector: NodeSelector, at: FieldPath): FieldError[] {
  const { nodeSelectorTerms: terms } = selector
  const text = 'must have exactly one node selector term'
  return [
    ...validateNodeSelector(selector, at),
    ...(terms.length === 1 ? [] : [fieldInvalid(at.child('nodeSelectorTerms'), terms, text)]),
  ]
}

function validateDevices(
  { devices, perDeviceNodeSelection = false }: ResourceSliceSpec,
  old: ResourceSliceSpec | undefined,
): FieldError[] {
  const isAdvanced = devices?.some(
    ({ taints = [], consumesCounters = [] }) => taints.length > 0 || consumesCounters.length > 0,
  )
  return validateSet(
    devices,
    isAdvanced ? advancedDevicesMax : devicesMax,
    (device, at) => {
      const before = old?.devices?.find(({ name }) => name === device.name)
      const areTaintsOld = before !== undefined && deepEqual(before.taints, device.taints)
      return validateDevice(device, at, { choosesNode: perDeviceNodeSelection, areTaintsOld })
    },
    ({ name }) => name,
    path.child('devices'),
  )
}

function validateCounterSet({ name, counters }: CounterSet, at: FieldPath): FieldError[] {
  return validateCounters(name, counters, at, 'name')
}
