import type { DeviceAttribute } from '../../../generated/types.ts'
import type { FieldError } from '../../../status-error.ts'
import { fieldInvalid, fieldTooLong } from '../../../validation/field-error.ts'
import type { FieldPath } from '../../../validation/field-path.ts'
import { byteLength } from '../../../validation/name-rules.ts'

const valueBytesMax = 64
const number = String.raw`(0|[1-9]\d*)`
const preRelease = String.raw`(0|[1-9]\d*|\d*[a-zA-Z-][0-9a-zA-Z-]*)`
const build = '[0-9a-zA-Z-]+'
/** semver.org 2.0.0 */
const version = new RegExp(
  String.raw`^${number}\.${number}\.${number}(-${preRelease}(\.${preRelease})*)?(\+${build}(\.${build})*)?$`,
)

/** One value of one type. */
export function validateAttribute(attribute: DeviceAttribute, path: FieldPath): FieldError[] {
  const values = Object.values(attribute).filter((value) => value !== undefined)
  const text = 'exactly one value must be specified'
  return [
    ...validateLength(attribute.string, path.child('string')),
    ...validateVersion(attribute.version, path.child('version')),
    ...(values.length === 0 ? [fieldInvalid(path, '', text)] : []),
    ...(values.length > 1 ? [fieldInvalid(path, shown(attribute), text)] : []),
  ]
}

function validateLength(value: string | undefined, path: FieldPath): FieldError[] {
  return byteLength(value ?? '') > valueBytesMax ? [fieldTooLong(path, valueBytesMax)] : []
}

function validateVersion(value: string | undefined, path: FieldPath): FieldError[] {
  if (value === undefined) return []
  const text = 'must be a string compatible with semver.org spec 2.0.0'
  return [
    ...(version.test(value) ? [] : [fieldInvalid(path, value, text)]),
    ...validateLength(value, path),
  ]
}

/** Messages show the server's own type. */
function shown({ int, bool, string, version: text }: DeviceAttribute): unknown {
  return {
    IntValue: int ?? null,
    BoolValue: bool ?? null,
    StringValue: string ?? null,
    VersionValue: text ?? null,
    IntValues: null,
    BoolValues: null,
    StringValues: null,
    VersionValues: null,
  }
}
