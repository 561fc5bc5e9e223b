import type { OpaqueDeviceConfiguration } from '../../generated/types.ts'
import type { FieldError } from '../../status-error.ts'
import { fieldInvalid, fieldRequired, fieldTooLong } from '../../validation/field-error.ts'
import type { FieldPath } from '../../validation/field-path.ts'
import { byteLength } from '../../validation/name-rules.ts'
import { validateDriverName } from '../storage/driver-name.ts'

export const configurationsMax = 32
/** OpaqueParametersMaxLength, AllocatedDeviceStatusDataMaxLength */
const dataBytesMax = 10 * 1024

/** What a driver is told; only it understands the parameters. */
export function validateConfiguration(
  opaque: OpaqueDeviceConfiguration | undefined,
  path: FieldPath,
): FieldError[] {
  const at = path.child('opaque')
  if (!opaque) return [fieldRequired(at)]
  return [
    ...validateDriverName(opaque.driver, at.child('driver')),
    ...validateData(opaque.parameters, at.child('parameters')),
  ]
}

/** Any JSON object. */
export function validateData(data: unknown, path: FieldPath): FieldError[] {
  if (data === undefined || data === null) return [fieldRequired(path)]
  if (byteLength(JSON.stringify(data)) > dataBytesMax) return [fieldTooLong(path, dataBytesMax)]
  if (typeof data === 'object' && !Array.isArray(data)) return []
  return [fieldInvalid(path, '<value omitted>', 'must be a valid JSON object')]
}
