import {
  JsonNumber,
  JsonObject,
  JsonSyntaxError,
  parseJsonTree,
} from '../../../decode/json-parser.ts'
import type { JsonTree } from '../../../decode/json-parser.ts'
import type { Secret } from '../../../generated/types.ts'
import { deepEqual } from '../../../object.ts'
import type { FieldError } from '../../../status-error.ts'
import {
  fieldForbidden,
  fieldInvalid,
  fieldRequired,
  fieldTooLong,
} from '../../../validation/field-error.ts'
import { fieldPath } from '../../../validation/field-path.ts'
import { validateImmutable } from '../../../validation/object-meta.ts'
import { checkConfigMapKey } from '../../../validation/value-rules.ts'
import { decodedBytes, frozenMessage, maxDataBytes } from '../config-map/validation.ts'

const dataPath = fieldPath('data')
const accountAnnotation = 'kubernetes.io/service-account.name'

export function validateSecret(secret: Secret): FieldError[] {
  const { data = {} } = secret
  const errors = Object.keys(data).flatMap((key) =>
    checkConfigMapKey(key).map((text) => fieldInvalid(dataPath.key(key), key, text)),
  )
  const bytes = Object.values(data).reduce((sum, value) => sum + decodedBytes(value), 0)
  if (bytes > maxDataBytes) errors.push(fieldTooLong(dataPath, maxDataBytes))
  return [...errors, ...validateType(secret)]
}

/** What the well-known types ask for. */
function validateType({ type, data = {}, metadata }: Secret): FieldError[] {
  const missing = (...keys: string[]): FieldError[] =>
    keys.filter((key) => data[key] === undefined).map((key) => fieldRequired(dataPath.key(key)))
  switch (type) {
    case 'kubernetes.io/service-account-token':
      return metadata.annotations?.[accountAnnotation]
        ? []
        : [fieldRequired(fieldPath('metadata', 'annotations').key(accountAnnotation))]
    case 'kubernetes.io/dockercfg':
      return validateDockerConfig(data, '.dockercfg')
    case 'kubernetes.io/dockerconfigjson':
      return validateDockerConfig(data, '.dockerconfigjson')
    case 'kubernetes.io/basic-auth': {
      const absent = missing('username', 'password')
      return absent.length === 2 ? absent : []
    }
    case 'kubernetes.io/ssh-auth':
      return data['ssh-privatekey'] ? [] : [fieldRequired(dataPath.key('ssh-privatekey'))]
    case 'kubernetes.io/tls':
      return missing('tls.crt', 'tls.key')
    default:
      return []
  }
}

function validateDockerConfig(data: Record<string, string>, key: string): FieldError[] {
  const value = data[key]
  if (value === undefined) return [fieldRequired(dataPath.key(key))]
  const complaint = jsonObjectComplaint(Buffer.from(value, 'base64').toString())
  if (complaint === undefined) return []
  return [fieldInvalid(dataPath.key(key), '<secret contents redacted>', complaint)]
}

/** In the words of Go's encoding/json. */
function jsonObjectComplaint(text: string): string | undefined {
  try {
    const value = parseJsonTree(text)
    if (value === null || value instanceof JsonObject) return undefined
    return `json: cannot unmarshal ${goKind(value)} into Go value of type map[string]interface {}`
  } catch (error) {
    if (error instanceof JsonSyntaxError) return error.message
    throw error
  }
}

function goKind(value: Exclude<JsonTree, null>): string {
  if (Array.isArray(value)) return 'array'
  if (value instanceof JsonNumber) return 'number'
  return typeof value === 'boolean' ? 'bool' : 'string'
}

export function validateSecretUpdate(secret: Secret, old: Secret): FieldError[] {
  const errors = validateImmutable(secret.type, old.type, fieldPath('type'))
  if (old.immutable) {
    if (!secret.immutable) errors.push(fieldForbidden(fieldPath('immutable'), frozenMessage))
    if (!deepEqual(secret.data ?? {}, old.data ?? {}))
      errors.push(fieldForbidden(dataPath, frozenMessage))
  }
  return [...errors, ...validateSecret(secret)]
}
