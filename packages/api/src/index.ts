/**
 * * The object model of the Kubernetes API (v1.36): types, resources, selectors, quantities, owner
 * references and the StatusError that every refused request ends in. Upstream counterpart: k8s.io/api and
 * k8s.io/apimachinery.
 *
 * The doors: this one for everybody; `@kemu/api/kinds` for what only an API server needs of a kind.
 */
export type * from './generated/types.ts'
export * from './deleted-object.ts'
export * from './field-selector.ts'
export * from './go-text.ts'
export * from './label-selector.ts'
export * from './object.ts'
export * from './owner-reference.ts'
export * from './pod/conditions.ts'
export * from './pod/containers.ts'
export * from './pod/node-selector.ts'
export * from './pod/qos-class.ts'
export * from './pod/resource-amounts.ts'
export * from './pod/summary.ts'
export * from './quantity.ts'
export * from './resource-type.ts'
export * from './resources.ts'
export * from './status-error.ts'
export * from './time.ts'
