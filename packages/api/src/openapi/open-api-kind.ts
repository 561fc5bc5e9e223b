import type { GroupVersion } from '../schema/schema-node.ts'

/** What OpenAPI needs to know of a kind; a KindDefinition has it. */
export interface OpenApiKind {
  readonly type: {
    readonly group: string
    readonly version: string
    readonly resource: string
    readonly kind: string
    readonly namespaced: boolean
  }
  /** The definition's name: io.k8s.api.apps.v1.Deployment. */
  readonly schema: string
  /** Absent means the standard eight. */
  readonly verbs?: readonly string[]
  readonly subresources: readonly OpenApiSubresource[]
}

export interface OpenApiSubresource {
  readonly name: string
  readonly form: 'status' | 'scale' | 'part' | 'action'
  readonly verbs?: readonly string[]
  readonly group?: string
  readonly version?: string
  readonly kind?: string
}

/** `/api/v1` or `/apis/apps/v1`. */
export function rootOf({ group, version }: GroupVersion): string {
  return group === '' ? `/api/${version}` : `/apis/${group}/${version}`
}

/** The group in operation ids and tags: core, apps, rbacAuthorization (of rbac.authorization.k8s.io). */
export function groupWord(group: string): string {
  if (group === '') return 'core'
  const [first = '', ...rest] = group.replace(/\.k8s\.io$/, '').split('.')
  return first + rest.map(capital).join('')
}

export function capital(word: string): string {
  return word.slice(0, 1).toUpperCase() + word.slice(1)
}
