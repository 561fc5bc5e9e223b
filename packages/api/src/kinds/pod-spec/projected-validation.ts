import type { ProjectedVolumeSource, VolumeProjection } from '../../generated/types.ts'
import type { FieldError } from '../../status-error.ts'
import { fieldForbidden, fieldInvalid, fieldRequired } from '../../validation/field-error.ts'
import type { FieldPath } from '../../validation/field-path.ts'
import { requiredIfEmpty } from '../rules/checked.ts'
import { validateFileMode, validateNonReservedPath } from '../rules/local-path.ts'
import { validateDownwardFile, validateKeyToPath } from './volume-files.ts'

/** Seconds: the shortest life of a projected token, and the longest that may be asked for. */
const tokenSeconds = { min: 600, max: 2 ** 32 } as const

/** Several sources in one directory: no path twice. */
export function validateProjected(source: ProjectedVolumeSource, path: FieldPath): FieldError[] {
  const paths = new Set<string>()
  const unique = (file: string, shown: string): FieldError[] => {
    if (file === '') return []
    if (paths.has(file)) return [fieldInvalid(path, shown, 'conflicting duplicate paths')]
    paths.add(file)
    return []
  }
  return [
    ...validateFileMode(path.child('defaultMode'), source.defaultMode),
    ...(source.sources ?? []).flatMap((projection, i) =>
      validateProjection(projection, path, path.child('sources').index(i), unique),
    ),
  ]
}

type Unique = (file: string, shown: string) => FieldError[]

function validateProjection(
  projection: VolumeProjection,
  path: FieldPath,
  at: FieldPath,
  unique: Unique,
): FieldError[] {
  const { downwardAPI, serviceAccountToken, clusterTrustBundle, podCertificate } = projection
  const errors: FieldError[] = []
  for (const name of ['secret', 'configMap'] as const) {
    const part = projection[name]
    if (!part) continue
    errors.push(...requiredIfEmpty(at.child(name, 'name'), part.name))
    for (const [i, item] of (part.items ?? []).entries()) {
      errors.push(...validateKeyToPath(item, at.child(name, 'items').index(i)))
      errors.push(...unique(item.path, part.name ?? ''))
    }
  }
  for (const item of downwardAPI?.items ?? [])
    errors.push(
      ...validateDownwardFile(item, at.child('downwardAPI')),
      ...unique(item.path, item.path),
    )
  if (serviceAccountToken)
    errors.push(...validateToken(serviceAccountToken, path, at.child('serviceAccountToken')))
  // Of features that are off by default: upstream drops them before it validates.
  if (clusterTrustBundle) errors.push(notEmulated(at.child('clusterTrustBundle')))
  if (podCertificate) errors.push(notEmulated(at.child('podCertificate')))
  const sources = Object.values(projection).filter((part) => part !== undefined).length
  if (sources > 1)
    errors.push(fieldForbidden(at, 'may not specify more than 1 volume type per source'))
  return errors
}

function notEmulated(path: FieldPath): FieldError {
  return fieldForbidden(path, 'not emulated by kemu')
}

// Upstream names the volume, not the source, in errors of the token's path.
function validateToken(
  token: NonNullable<VolumeProjection['serviceAccountToken']>,
  path: FieldPath,
  at: FieldPath,
): FieldError[] {
  const seconds = token.expirationSeconds ?? 0
  const errors: FieldError[] = []
  const refuse = (text: string): void =>
    void errors.push(fieldInvalid(at.child('expirationSeconds'), seconds, text))
  if (seconds < tokenSeconds.min) refuse('may not specify a duration less than 10 minutes')
  if (seconds > tokenSeconds.max) refuse('may not specify a duration larger than 2^32 seconds')
  if (token.path === '') errors.push(fieldRequired(path.child('path')))
  else errors.push(...validateNonReservedPath(path.child('path'), token.path))
  return errors
}
