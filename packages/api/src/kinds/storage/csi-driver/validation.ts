import type { CSIDriver, StorageTokenRequest } from '../../../generated/types.ts'
import type { FieldError } from '../../../status-error.ts'
import { fieldDuplicate, fieldInvalid, fieldNotSupported } from '../../../validation/field-error.ts'
import { fieldPath } from '../../../validation/field-path.ts'
import { validateImmutable } from '../../../validation/object-meta.ts'
import { oneOfIfSet } from '../../rules/checked.ts'

const path = fieldPath('spec')
const policies = ['File', 'None', 'ReadWriteOnceWithFSType']
const modes = ['Persistent', 'Ephemeral']
const tokenSecondsMin = 600
const tokenSecondsMax = 2 ** 32
const updateSecondsMin = 10

export function validateCsiDriver({ spec }: CSIDriver): FieldError[] {
  const { tokenRequests = [], volumeLifecycleModes = [] } = spec
  const at = path.child('volumeLifecycleModes')
  return [
    ...oneOfIfSet(path.child('fsGroupPolicy'), spec.fsGroupPolicy, policies),
    ...validateTokenRequests(tokenRequests),
    ...volumeLifecycleModes
      .filter((mode) => !modes.includes(mode))
      .map((mode) => fieldNotSupported(at, mode, modes)),
    ...validateUpdatePeriod(spec.nodeAllocatableUpdatePeriodSeconds),
    ...validateTokenInSecrets(spec.serviceAccountTokenInSecrets, tokenRequests),
  ]
}

function validateTokenRequests(requests: readonly StorageTokenRequest[]): FieldError[] {
  return requests.flatMap(({ audience, expirationSeconds }, i) => {
    const at = path.child('tokenRequests').index(i)
    if (requests.slice(0, i).some((other) => other.audience === audience))
      return [fieldDuplicate(at.child('audience'), audience)]
    if (expirationSeconds === undefined) return []
    const where = at.child('expirationSeconds')
    if (expirationSeconds < tokenSecondsMin)
      return [
        fieldInvalid(where, expirationSeconds, 'may not specify a duration less than 10 minutes'),
      ]
    if (expirationSeconds > tokenSecondsMax) {
      const text = 'may not specify a duration larger than 2^32 seconds'
      return [fieldInvalid(where, expirationSeconds, text)]
    }
    return []
  })
}

function validateUpdatePeriod(seconds: number | undefined): FieldError[] {
  if (seconds === undefined || seconds >= updateSecondsMin) return []
  const text = 'must be greater than or equal to 10 seconds'
  return [fieldInvalid(path.child('nodeAllocatableUpdatePeriodSeconds'), seconds, text)]
}

function validateTokenInSecrets(
  value: boolean | undefined,
  requests: readonly StorageTokenRequest[],
): FieldError[] {
  if (value === undefined || requests.length > 0) return []
  const text = 'serviceAccountTokenInSecrets is set but no tokenRequests are specified'
  return [fieldInvalid(path.child('serviceAccountTokenInSecrets'), value, text)]
}

export function validateCsiDriverUpdate(object: CSIDriver, old: CSIDriver): FieldError[] {
  const { attachRequired, volumeLifecycleModes } = object.spec
  return [
    ...validateCsiDriver(object),
    // Upstream's name of the field in messages has one letter pair more than the field.
    ...validateImmutable(attachRequired, old.spec.attachRequired, path.child('attachedRequired')),
    ...validateImmutable(
      volumeLifecycleModes,
      old.spec.volumeLifecycleModes,
      path.child('volumeLifecycleModes'),
    ),
  ]
}
