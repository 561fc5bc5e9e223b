import { forbidden } from '@kemu/api'
import type { AdmissionAttributes } from './admission.ts'

/**
 * How every plugin refuses: `pods "web" is forbidden: ...`; a name that is not known yet is its
 * base, or Unknown.
 */
export function admissionForbidden(attributes: AdmissionAttributes, why: string): Error {
  const { path, object } = attributes
  const metadata = object?.metadata
  const name = path.name || metadata?.name || metadata?.generateName || 'Unknown'
  return forbidden(path, name, why)
}

/**
 * The resource that a request is about, as `resource.group/subresource`; the core group has no dot.
 */
export function subjectOf({ path }: AdmissionAttributes): string {
  const { group, resource, subresource } = path
  const base = group === '' ? resource : `${resource}.${group}`
  return subresource === '' ? base : `${base}/${subresource}`
}
