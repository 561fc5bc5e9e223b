import type { EnvFromSource, EnvVar, EnvVarSource } from '../../generated/types.ts'
import type { FieldError } from '../../status-error.ts'
import { fieldInvalid, fieldRequired } from '../../validation/field-error.ts'
import type { FieldPath } from '../../validation/field-path.ts'
import {
  checkDns1123Label,
  checkDns1123Subdomain,
  nameIsDnsSubdomain,
} from '../../validation/name-rules.ts'
import { checkConfigMapKey, checkRelaxedEnvVarName } from '../../validation/value-rules.ts'
import { checked } from '../rules/checked.ts'
import { validateNoBacksteps } from '../rules/local-path.ts'
import { envFields, validateFieldRef, validateResourceFieldRef } from './downward-rules.ts'

export function validateEnv(variables: readonly EnvVar[], path: FieldPath): FieldError[] {
  return variables.flatMap((variable, i) => {
    const at = path.index(i)
    const ofName =
      variable.name === ''
        ? [fieldRequired(at.child('name'))]
        : checked(at.child('name'), variable.name, checkRelaxedEnvVarName)
    return [...ofName, ...validateValueFrom(variable, at.child('valueFrom'))]
  })
}

function validateValueFrom({ value, valueFrom }: EnvVar, path: FieldPath): FieldError[] {
  if (!valueFrom) return []
  const errors = validateSources(valueFrom, path)
  const sources = Object.values(valueFrom).filter((source) => source !== undefined).length
  if (sources === 0) {
    const text =
      'must specify one of: `fieldRef`, `resourceFieldRef`, `configMapKeyRef`, `secretKeyRef` or `fileKeyRef`'
    return [...errors, fieldInvalid(path, '', text)]
  }
  if (value)
    return [...errors, fieldInvalid(path, '', 'may not be specified when `value` is not empty')]
  if (sources === 1) return errors
  return [...errors, fieldInvalid(path, '', 'may not have more than one field specified at a time')]
}

function validateSources(source: EnvVarSource, path: FieldPath): FieldError[] {
  const { fieldRef, resourceFieldRef, configMapKeyRef, secretKeyRef, fileKeyRef } = source
  const errors: FieldError[] = []
  if (fieldRef) errors.push(...validateFieldRef(fieldRef, envFields, path.child('fieldRef')))
  if (resourceFieldRef)
    errors.push(
      ...validateResourceFieldRef(resourceFieldRef, path.child('resourceFieldRef'), false),
    )
  if (configMapKeyRef)
    errors.push(...validateKeyRef(configMapKeyRef, path.child('configMapKeyRef')))
  if (secretKeyRef) errors.push(...validateKeyRef(secretKeyRef, path.child('secretKeyRef')))
  if (fileKeyRef) errors.push(...validateFileKeyRef(fileKeyRef, path.child('fileKeyRef')))
  return errors
}

function validateKeyRef(
  { name = '', key }: { name?: string; key: string },
  path: FieldPath,
): FieldError[] {
  return [
    ...checked(path.child('name'), name, checkDns1123Subdomain),
    ...(key === ''
      ? [fieldRequired(path.child('key'))]
      : checked(path.child('key'), key, checkConfigMapKey)),
  ]
}

function validateFileKeyRef(
  { key, volumeName, path: file }: NonNullable<EnvVarSource['fileKeyRef']>,
  path: FieldPath,
): FieldError[] {
  return [
    ...(key === ''
      ? [fieldRequired(path.child('key'))]
      : checked(path.child('key'), key, checkRelaxedEnvVarName)),
    ...(volumeName === ''
      ? [fieldRequired(path.child('volumeName'))]
      : checked(path.child('volumeName'), volumeName, checkDns1123Label)),
    ...(file === ''
      ? [fieldRequired(path.child('path'))]
      : validateNoBacksteps(path.child('path'), file)),
  ]
}

export function validateEnvFrom(sources: readonly EnvFromSource[], path: FieldPath): FieldError[] {
  return sources.flatMap(({ prefix, configMapRef, secretRef }, i) => {
    const at = path.index(i)
    const errors = prefix ? checked(at.child('prefix'), prefix, checkRelaxedEnvVarName) : []
    if (configMapRef) errors.push(...validateSourceName(configMapRef, at.child('configMapRef')))
    if (secretRef) errors.push(...validateSourceName(secretRef, at.child('secretRef')))
    if (!configMapRef && !secretRef)
      errors.push(fieldInvalid(path, '', 'must specify one of: `configMapRef` or `secretRef`'))
    if (configMapRef && secretRef)
      errors.push(fieldInvalid(path, '', 'may not have more than one field specified at a time'))
    return errors
  })
}

function validateSourceName({ name }: { name?: string }, path: FieldPath): FieldError[] {
  if (!name) return [fieldRequired(path.child('name'))]
  return checked(path.child('name'), name, (value) => nameIsDnsSubdomain(value, true))
}
