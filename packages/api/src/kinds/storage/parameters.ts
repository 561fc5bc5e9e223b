import type { FieldError } from '../../status-error.ts'
import { fieldInvalid, fieldRequired, fieldTooLong } from '../../validation/field-error.ts'
import { fieldPath } from '../../validation/field-path.ts'
import { byteLength, checkQualifiedName } from '../../validation/name-rules.ts'
import { checked } from '../rules/checked.ts'

const maxParameters = 512
const maxParameterBytes = 256 * 1024

/** Who makes or changes the volumes of a class, under the class's name for it. */
export function validateProvisioner(provisioner: string, field: string): FieldError[] {
  const path = fieldPath(field)
  if (provisioner === '') return [fieldRequired(path)]
  return checked(path, provisioner.toLowerCase(), checkQualifiedName)
}

/** What a class tells its driver. */
export function validateParameters(parameters: Readonly<Record<string, string>>): FieldError[] {
  const path = fieldPath('parameters')
  const entries = Object.entries(parameters)
  if (entries.length > maxParameters) return [fieldTooLong(path, maxParameters)]
  const errors = entries
    .filter(([name]) => name === '')
    .map(([name]) => fieldInvalid(path, name, 'field can not be empty.'))
  const bytes = entries.flat().reduce((sum, text) => sum + byteLength(text), 0)
  if (bytes > maxParameterBytes) errors.push(fieldTooLong(path, maxParameterBytes))
  return errors
}
