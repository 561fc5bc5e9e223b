import type { CSIStorageCapacity } from '../../../generated/types.ts'
import type { FieldError } from '../../../status-error.ts'
import { fieldPath } from '../../../validation/field-path.ts'
import { validateLabelSelector } from '../../../validation/labels.ts'
import { checkDns1123Subdomain } from '../../../validation/name-rules.ts'
import { validateImmutable } from '../../../validation/object-meta.ts'
import { validateNonNegativeQuantity } from '../../resource-rules/values.ts'
import { checked } from '../../rules/checked.ts'

const topologyPath = fieldPath('nodeTopology')
const classPath = fieldPath('storageClassName')

export function validateCapacityOfStorage(
  { nodeTopology, storageClassName, capacity }: CSIStorageCapacity,
  allowInvalidValues = false,
): FieldError[] {
  return [
    ...validateLabelSelector(nodeTopology, topologyPath, { allowInvalidValues }),
    ...checked(classPath, storageClassName, checkDns1123Subdomain),
    ...(capacity === undefined ? [] : validateNonNegativeQuantity(capacity, fieldPath('capacity'))),
  ]
}

export function validateCapacityUpdate(
  object: CSIStorageCapacity,
  old: CSIStorageCapacity,
): FieldError[] {
  const wasInvalid = validateLabelSelector(old.nodeTopology, topologyPath).length > 0
  return [
    ...validateCapacityOfStorage(object, wasInvalid),
    ...validateImmutable(object.nodeTopology, old.nodeTopology, topologyPath),
    ...validateImmutable(object.storageClassName, old.storageClassName, classPath),
  ]
}
