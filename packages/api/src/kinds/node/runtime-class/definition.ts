import type { RuntimeClass } from '../../../generated/types.ts'
import { runtimeClasses } from '../../../resources.ts'
import { age, ageColumn, text } from '../../columns/column.ts'
import { defineKind } from '../../definition/define-kind.ts'
import { deprecatedNodeLabels } from '../../pod-spec/deprecated-node-labels.ts'
import { validateRuntimeClass, validateRuntimeClassUpdate } from './validation.ts'

export const runtimeClass = defineKind<RuntimeClass>({
  type: runtimeClasses,
  strategy: {
    validate: validateRuntimeClass,
    validateUpdate: validateRuntimeClassUpdate,
    warnings: ({ scheduling }) =>
      Object.keys(scheduling?.nodeSelector ?? {})
        .filter((key) => deprecatedNodeLabels[key] !== undefined)
        .map((key) => `scheduling.nodeSelector: ${deprecatedNodeLabels[key]!}`),
    allowCreateOnUpdate: true,
    allowUnconditionalUpdate: false,
  },
  table: {
    columns: [text('Handler', 'What the container runtime calls it.'), ageColumn],
    cells: (object, nowMs) => [object.handler, age(object, nowMs)],
  },
})
