import type { ControllerRevision } from '../../../generated/types.ts'
import { controllerOf } from '../../../owner-reference.ts'
import { parseApiVersion } from '../../../resource-type.ts'
import { controllerRevisions } from '../../../resources.ts'
import type { FieldError } from '../../../status-error.ts'
import { fieldInvalid, fieldRequired } from '../../../validation/field-error.ts'
import { fieldPath } from '../../../validation/field-path.ts'
import { validateImmutable } from '../../../validation/object-meta.ts'
import { negativeMessage } from '../../../validation/value-rules.ts'
import { age, ageColumn, text } from '../../columns/column.ts'
import { defineKind } from '../../definition/define-kind.ts'

export const controllerRevision = defineKind<ControllerRevision>({
  type: controllerRevisions,
  strategy: {
    validate: (object) => [
      ...validateRevision(object),
      ...(object.data === undefined || object.data === null
        ? [fieldRequired(fieldPath('data'), 'data is mandatory')]
        : []),
    ],
    validateUpdate: (object, old) => [
      ...validateRevision(object),
      ...validateImmutable(object.data, old.data, fieldPath('data')),
    ],
  },
  table: {
    columns: [
      text('Controller', 'The object that it is a revision of.'),
      text('Revision', 'Its number.'),
      ageColumn,
    ],
    cells: (object, nowMs) => [controllerText(object), object.revision, age(object, nowMs)],
  },
})

function validateRevision({ revision }: ControllerRevision): FieldError[] {
  return revision < 0 ? [fieldInvalid(fieldPath('revision'), revision, negativeMessage)] : []
}

function controllerText({ metadata }: ControllerRevision): string {
  const owner = controllerOf(metadata)
  if (!owner) return '<none>'
  const { group } = parseApiVersion(owner.apiVersion)
  const kind = owner.kind.toLowerCase()
  return `${group === '' ? kind : `${kind}.${group}`}/${owner.name}`
}
