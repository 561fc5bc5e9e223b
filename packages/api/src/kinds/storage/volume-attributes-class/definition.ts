import type { VolumeAttributesClass } from '../../../generated/types.ts'
import { deepEqual } from '../../../object.ts'
import { volumeAttributesClasses } from '../../../resources.ts'
import type { FieldError } from '../../../status-error.ts'
import { fieldForbidden, fieldRequired } from '../../../validation/field-error.ts'
import { fieldPath } from '../../../validation/field-path.ts'
import { age, ageColumn, text } from '../../columns/column.ts'
import { defineKind } from '../../definition/define-kind.ts'
import { unattendedWarning } from '../../definition/unattended.ts'
import { validateParameters, validateProvisioner } from '../parameters.ts'

export const volumeAttributesClass = defineKind<VolumeAttributesClass>({
  type: volumeAttributesClasses,
  shortNames: ['vac'],
  strategy: {
    validate,
    validateUpdate: (object, old) => [...validateFixed(object, old), ...validate(object)],
    warnings: (_object, old) => unattendedWarning('VolumeAttributesClass', old),
  },
  table: {
    columns: [text('DriverName', 'The CSI driver that knows the attributes.'), ageColumn],
    cells: (object, nowMs) => [object.driverName, age(object, nowMs)],
  },
})

function validate({ driverName, parameters = {} }: VolumeAttributesClass): FieldError[] {
  const isEmpty = Object.keys(parameters).length === 0
  const text = 'must contain at least one key/value pair'
  return [
    ...validateProvisioner(driverName, 'driverName'),
    ...(isEmpty ? [fieldRequired(fieldPath('parameters'), text)] : validateParameters(parameters)),
  ]
}

function validateFixed(object: VolumeAttributesClass, old: VolumeAttributesClass): FieldError[] {
  return (['driverName', 'parameters'] as const)
    .filter((field) => !deepEqual(object[field], old[field]))
    .map((field) => fieldForbidden(fieldPath(field), `updates to ${field} are forbidden.`))
}
