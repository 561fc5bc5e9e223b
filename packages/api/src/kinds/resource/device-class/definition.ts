import type { DeviceClass } from '../../../generated/types.ts'
import { deviceClasses } from '../../../resources.ts'
import type { FieldError } from '../../../status-error.ts'
import { fieldInvalid } from '../../../validation/field-error.ts'
import { fieldPath } from '../../../validation/field-path.ts'
import { age, ageColumn } from '../../columns/column.ts'
import { defineKind } from '../../definition/define-kind.ts'
import { advanceWithSpec, startGeneration } from '../../definition/generation.ts'
import { unattendedWarning } from '../../definition/unattended.ts'
import { isExtendedResource } from '../../resource-rules/names.ts'
import { configurationsMax, validateConfiguration } from '../configuration.ts'
import { validateList } from '../rules.ts'
import { validateSelectors } from '../selectors.ts'

export const deviceClass = defineKind<DeviceClass>({
  type: deviceClasses,
  strategy: {
    prepareForCreate: startGeneration,
    prepareForUpdate: advanceWithSpec,
    validate,
    warnings: (_object, old) => unattendedWarning('DeviceClass', old),
  },
  table: { columns: [ageColumn], cells: (object, nowMs) => [age(object, nowMs)] },
})

function validate({ spec }: DeviceClass): FieldError[] {
  const path = fieldPath('spec')
  const { extendedResourceName: name } = spec
  return [
    ...validateSelectors(spec.selectors, path.child('selectors')),
    ...validateList(
      spec.config,
      configurationsMax,
      ({ opaque }, at) => validateConfiguration(opaque, at),
      path.child('config'),
    ),
    ...(name === undefined || isExtendedResource(name)
      ? []
      : [
          fieldInvalid(
            path.child('extendedResourceName'),
            name,
            'must be a valid extended resource name',
          ),
        ]),
  ]
}
