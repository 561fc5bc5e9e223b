import type { PriorityClass } from '../../../generated/types.ts'
import { priorityClasses } from '../../../resources.ts'
import { age, ageColumn, integer, text } from '../../columns/column.ts'
import { defineKind } from '../../definition/define-kind.ts'
import { startGeneration } from '../../definition/generation.ts'
import { keepGeneration } from '../../definition/status-subresource.ts'
import { validatePriorityClass, validatePriorityClassUpdate } from './validation.ts'

export const priorityClass = defineKind<PriorityClass>({
  type: priorityClasses,
  shortNames: ['pc'],
  strategy: {
    setDefaults(object) {
      object.preemptionPolicy ??= 'PreemptLowerPriority'
    },
    prepareForCreate: startGeneration,
    prepareForUpdate: keepGeneration,
    validate: validatePriorityClass,
    validateUpdate: validatePriorityClassUpdate,
  },
  table: {
    columns: [
      integer('Value', 'The priority of pods of this class.'),
      {
        name: 'Global-Default',
        type: 'boolean',
        description: 'Whether pods without a class are of this one.',
      },
      ageColumn,
      text('PreemptionPolicy', 'Whether pods of this class may take the place of others.'),
    ],
    cells: (object, nowMs) => [
      object.value ?? 0,
      object.globalDefault ?? false,
      age(object, nowMs),
      object.preemptionPolicy ?? '',
    ],
  },
})
