import type { Binding } from '../../../generated/types.ts'
import type { FieldError } from '../../../status-error.ts'
import { fieldNotSupported, fieldRequired } from '../../../validation/field-error.ts'
import { fieldPath } from '../../../validation/field-path.ts'
import { defineKind } from '../../definition/define-kind.ts'

/** Says where a pod shall run; nothing is stored, the server writes it into the pod. */
export const binding = defineKind<Binding>({
  type: { group: '', version: 'v1', resource: 'bindings', kind: 'Binding', namespaced: true },
  verbs: ['create'],
  storage: false,
  strategy: { validate: validateBinding },
})

function validateBinding({ target }: Binding): FieldError[] {
  const path = fieldPath('target')
  const errors: FieldError[] = []
  if (target?.kind && target.kind !== 'Node')
    errors.push(fieldNotSupported(path.child('kind'), target.kind, ['Node', '<empty>']))
  if (!target?.name) errors.push(fieldRequired(path.child('name')))
  return errors
}
