import type { ReplicationController } from '../../../generated/types.ts'
import { selectorOfMap } from '../../../label-selector.ts'
import type { FieldError } from '../../../status-error.ts'
import { fieldInvalid, fieldRequired } from '../../../validation/field-error.ts'
import { fieldPath } from '../../../validation/field-path.ts'
import { validateServingTemplate } from '../../pod-spec/template-validation.ts'
import { nonNegative } from '../../rules/checked.ts'

const path = fieldPath('spec')

export function validateReplicationController({ spec }: ReplicationController): FieldError[] {
  const hasSelector = Object.keys(spec.selector ?? {}).length > 0
  return [
    ...nonNegative(path, spec, ['minReadySeconds']),
    ...(hasSelector ? [] : [fieldRequired(path.child('selector'))]),
    ...nonNegative(path, spec, ['replicas']),
    ...validateSelected(spec),
  ]
}

function validateSelected({ selector, template }: ReplicationController['spec']): FieldError[] {
  const at = path.child('template')
  if (!template) return [fieldRequired(at)]
  const labels = template.metadata?.labels
  const errors = validateServingTemplate(template, 'ReplicationController', at)
  if (selectorOfMap(selector).matches(labels)) return errors
  const text = '`selector` does not match template `labels`'
  return [fieldInvalid(at.child('metadata', 'labels'), labels ?? null, text), ...errors]
}
