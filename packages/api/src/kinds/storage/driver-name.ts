import type { FieldError } from '../../status-error.ts'
import { fieldInvalid, fieldRequired, fieldTooLong } from '../../validation/field-error.ts'
import type { FieldPath } from '../../validation/field-path.ts'
import { checkDns1123Subdomain } from '../../validation/name-rules.ts'

const driverMaxLength = 63

/** The name of a CSI driver, wherever one is named. */
export function validateDriverName(driver: string, path: FieldPath): FieldError[] {
  if (driver === '') return [fieldRequired(path)]
  return [
    ...(driver.length > driverMaxLength ? [fieldTooLong(path, driverMaxLength)] : []),
    ...checkDns1123Subdomain(driver.toLowerCase()).map((text) => fieldInvalid(path, driver, text)),
  ]
}
