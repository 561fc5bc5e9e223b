import type { ConfigMap } from '../../../generated/types.ts'
import { deepEqual } from '../../../object.ts'
import type { FieldError } from '../../../status-error.ts'
import { fieldForbidden, fieldInvalid, fieldTooLong } from '../../../validation/field-error.ts'
import { fieldPath } from '../../../validation/field-path.ts'
import { byteLength } from '../../../validation/name-rules.ts'
import { checkConfigMapKey } from '../../../validation/value-rules.ts'

/** core.MaxSecretSize: 1 MiB for all values together, of a Secret as well. */
export const maxDataBytes = 1024 * 1024

/** How upstream's field.NewPath("") prints. */
const wholeObject = fieldPath('[]')

export const frozenMessage = 'field is immutable when `immutable` is set'

export function validateConfigMap({ data = {}, binaryData = {} }: ConfigMap): FieldError[] {
  const errors: FieldError[] = []
  let bytes = 0
  for (const [key, value] of Object.entries(data)) {
    errors.push(...keyErrors('data', key))
    if (binaryData[key] !== undefined) {
      const text = 'duplicate of key present in binaryData'
      errors.push(fieldInvalid(fieldPath('data').key(key), key, text))
    }
    bytes += byteLength(value)
  }
  for (const [key, value] of Object.entries(binaryData)) {
    errors.push(...keyErrors('binaryData', key))
    bytes += decodedBytes(value)
  }
  if (bytes > maxDataBytes) errors.push(fieldTooLong(wholeObject, maxDataBytes))
  return errors
}

/** Of base64 text. */
export function decodedBytes(base64: string): number {
  return Buffer.byteLength(base64, 'base64')
}

function keyErrors(field: 'data' | 'binaryData', key: string): FieldError[] {
  return checkConfigMapKey(key).map((text) => fieldInvalid(fieldPath(field).key(key), key, text))
}

export function validateConfigMapUpdate(object: ConfigMap, old: ConfigMap): FieldError[] {
  const errors: FieldError[] = []
  if (old.immutable) {
    if (!object.immutable) errors.push(fieldForbidden(fieldPath('immutable'), frozenMessage))
    for (const field of ['data', 'binaryData'] as const)
      if (!deepEqual(object[field] ?? {}, old[field] ?? {}))
        errors.push(fieldForbidden(fieldPath(field), frozenMessage))
  }
  return [...errors, ...validateConfigMap(object)]
}
