import type { PodTemplate } from '../../../generated/types.ts'
import { podTemplates } from '../../../resources.ts'
import { text } from '../../columns/column.ts'
import { containerCells } from '../../columns/containers.ts'
import { labelsText } from '../../columns/labels.ts'
import { defineKind } from '../../definition/define-kind.ts'
import { advanceGeneration, startGeneration } from '../../definition/generation.ts'
import { deepEqual } from '../../../object.ts'
import { setTemplateDefaults } from '../../pod-spec/template.ts'
import { validateTemplate } from '../../pod-spec/template-validation.ts'
import { templateWarnings } from '../../pod-spec/template-warnings.ts'
import { fieldPath } from '../../../validation/field-path.ts'

export const podTemplate = defineKind<PodTemplate>({
  type: podTemplates,
  strategy: {
    setDefaults: ({ template }) => setTemplateDefaults(template),
    prepareForCreate: startGeneration,
    prepareForUpdate: (object, old) =>
      advanceGeneration(object, old, !deepEqual(object.template, old.template)),
    validate: ({ template }) => validateTemplate(template ?? {}, fieldPath('template')),
    warnings: ({ template }) => templateWarnings(template, fieldPath('template')),
  },
  table: {
    columns: [
      text('Containers', "The names of the template's containers."),
      text('Images', 'The images that they run.'),
      text('Pod Labels', "The labels of the template's pods."),
    ],
    cells: ({ template }) => [...containerCells(template), labelsText(template?.metadata?.labels)],
  },
})
