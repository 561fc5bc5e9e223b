import type { GroupVersionKind } from './definition-schema.ts'
import type { Parameter } from './parameters.ts'

export type Method = 'get' | 'put' | 'post' | 'delete' | 'options' | 'head' | 'patch'

/** What a body or an answer is: a definition by name, or plain text. */
export type Payload = { readonly definition: string } | 'string'

/** One operation of a path, before it is written in either form of OpenAPI. */
export interface Operation {
  readonly method: Method
  readonly operationId: string
  readonly description: string
  readonly tag: string
  readonly parameters: readonly Parameter[]
  readonly body?: { readonly definition: string; readonly required: boolean }
  readonly consumes: readonly string[]
  readonly produces: readonly string[]
  /** What success answers with, and with which codes. */
  readonly answer: Payload
  readonly codes: readonly number[]
  readonly action?: string
  readonly kind?: GroupVersionKind
}

/** A path with its operations; what all of them take stands beside them. */
export interface PathItem {
  readonly path: string
  readonly operations: readonly Operation[]
  readonly parameters: readonly Parameter[]
}

const json = ['application/json', 'application/yaml', 'application/vnd.kubernetes.protobuf']

/** Media types of answers: objects, lists that may be watched, logs, streams. */
export const produces = {
  object: json,
  list: [
    ...json,
    'application/json;stream=watch',
    'application/vnd.kubernetes.protobuf;stream=watch',
  ],
  log: ['text/plain', ...json],
  any: ['*/*'],
} as const

export const patchTypes: readonly string[] = [
  'application/json-patch+json',
  'application/merge-patch+json',
  'application/strategic-merge-patch+json',
  'application/apply-patch+yaml',
]

/** Puts what every operation takes to the path, as kube-openapi does; parameters come by name. */
export function makePathItem(path: string, operations: readonly Operation[]): PathItem {
  const [first, ...others] = operations
  const shared = (first?.parameters ?? []).filter((parameter) =>
    others.every(({ parameters }) => parameters.some((p) => isSame(p, parameter))),
  )
  return {
    path,
    parameters: byName(shared),
    operations: operations.map((operation) => ({
      ...operation,
      parameters: byName(operation.parameters.filter((p) => !shared.some((s) => isSame(s, p)))),
    })),
  }
}

function isSame(a: Parameter, b: Parameter): boolean {
  return a.name === b.name && a.place === b.place && a.description === b.description
}

function byName(parameters: readonly Parameter[]): Parameter[] {
  return [...parameters].sort((a, b) => {
    return a.name === b.name ? (a.place < b.place ? -1 : 1) : a.name < b.name ? -1 : 1
  })
}
