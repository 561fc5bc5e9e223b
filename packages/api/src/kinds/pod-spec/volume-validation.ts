import type { ObjectMeta, Volume } from '../../generated/types.ts'
import { Quantity } from '../../quantity.ts'
import type { FieldError } from '../../status-error.ts'
import {
  fieldDuplicate,
  fieldForbidden,
  fieldInvalid,
  fieldRequired,
} from '../../validation/field-error.ts'
import type { FieldPath } from '../../validation/field-path.ts'
import { checkDns1123Label, checkDns1123Subdomain } from '../../validation/name-rules.ts'
import { checked } from '../rules/checked.ts'
import type { Volumes } from './mount-validation.ts'
import type { PodRules } from './pod-rules.ts'
import { volumeSourceRules } from './volume-sources.ts'

type PodMeta = Pick<ObjectMeta, 'name'> | undefined

/** The volumes of a pod, with those that are in order by name: only they may be mounted. */
export function validateVolumes(
  volumes: readonly Volume[],
  meta: PodMeta,
  path: FieldPath,
  rules: PodRules,
): { errors: FieldError[]; volumes: Volumes } {
  const known = new Map<string, Volume>()
  const claims = new Set(
    volumes
      .filter(({ ephemeral }) => ephemeral && meta?.name)
      .map((v) => `${meta!.name}-${v.name}`),
  )
  const errors = volumes.flatMap((volume, i) => {
    const at = path.index(i)
    const own = validateVolume(volume, meta, at, rules)
    if (known.has(volume.name)) own.push(fieldDuplicate(at.child('name'), volume.name))
    if (own.length === 0) known.set(volume.name, volume)
    const claim = volume.persistentVolumeClaim?.claimName
    if (claim === undefined || !claims.has(claim)) return own
    const text = 'must not reference a PVC that gets created for an ephemeral volume'
    return [...own, fieldInvalid(at.child('persistentVolumeClaim', 'claimName'), claim, text)]
  })
  return { errors, volumes: known }
}

function validateVolume(
  volume: Volume,
  meta: PodMeta,
  path: FieldPath,
  rules: PodRules,
): FieldError[] {
  const ofName =
    volume.name === ''
      ? [fieldRequired(path.child('name'))]
      : checked(path.child('name'), volume.name, checkDns1123Label)
  return [...validateSource(volume, meta, path, rules), ...ofName]
}

/** Exactly one source, each by its own rules. */
function validateSource(
  volume: Volume,
  meta: PodMeta,
  path: FieldPath,
  rules: PodRules,
): FieldError[] {
  const errors = validateEmptyDir(volume, path)
  let found = volume.emptyDir ? 1 : 0
  for (const rule of volumeSourceRules) {
    const { field, pathName, forbiddenName } = rule
    const source = volume[field]
    if (!source) continue
    found += 1
    if (found > 1) {
      const at = path.child(forbiddenName ?? field)
      errors.push(fieldForbidden(at, 'may not specify more than 1 volume type'))
      continue
    }
    errors.push(...rule.validate(source as never, path.child(pathName ?? field), rules))
    if (field === 'ephemeral') errors.push(...validateClaimName(volume.name, meta, path))
  }
  if (found === 0) errors.push(fieldRequired(path, 'must specify a volume type'))
  return errors
}

function validateEmptyDir({ emptyDir }: Volume, path: FieldPath): FieldError[] {
  const limit = emptyDir?.sizeLimit
  if (limit === undefined || Quantity.parse(limit).nanos >= 0n) return []
  const text = 'SizeLimit field must be a valid resource quantity'
  return [fieldForbidden(path.child('emptyDir', 'sizeLimit'), text)]
}

/** The claim is called after pod and volume. */
function validateClaimName(volume: string, meta: PodMeta, path: FieldPath): FieldError[] {
  if (!meta?.name || volume === '') return []
  const claim = `${meta.name}-${volume}`
  return checkDns1123Subdomain(claim).map((text) =>
    fieldInvalid(path.child('name'), volume, `PVC name ${JSON.stringify(claim)}: ${text}`),
  )
}
