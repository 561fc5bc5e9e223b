import type { KubeObject } from './object.ts'

/** A resource as clients name it: where it is served, and the kind of its objects. */
export interface ResourceType<T extends KubeObject = KubeObject> {
  /** '' is the core group. */
  readonly group: string
  readonly version: string
  /** The plural in lower case, as in URLs. */
  readonly resource: string
  readonly kind: string
  readonly namespaced: boolean
  /** Carries the object's type in the type system only. */
  readonly object?: T
}

/** `apps/v1`, or `v1` for the core group. */
export function apiVersionOf(type: { group: string; version: string }): string {
  return type.group === '' ? type.version : `${type.group}/${type.version}`
}

/** The two halves of an apiVersion. */
export function parseApiVersion(apiVersion: string): { group: string; version: string } {
  const at = apiVersion.indexOf('/')
  return at < 0
    ? { group: '', version: apiVersion }
    : { group: apiVersion.slice(0, at), version: apiVersion.slice(at + 1) }
}

/** `deployments.apps`, or `pods` in the core group: how messages name a resource. */
export function groupResource(type: { group: string; resource: string }): string {
  return type.group === '' ? type.resource : `${type.resource}.${type.group}`
}
