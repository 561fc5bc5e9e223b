import type { GroupVersionKind } from './definition-schema.ts'
import { patchTypes, produces } from './operation.ts'
import type { Operation } from './operation.ts'
import { createParameters, patchParameters } from './parameters.ts'
import { scopeParameters } from './route-context.ts'
import type { RouteContext } from './route-context.ts'

/** An object or a part of it that is read and written as a whole. */
export interface Subject {
  readonly context: RouteContext
  /** `Status` in operation ids, '' for the object itself. */
  readonly suffix: string
  /** `status of ` in descriptions. */
  readonly what: string
  readonly schema: string
  readonly gvk: GroupVersionKind
}

export function readOperation(subject: Subject): Operation {
  return {
    ...objectOperation(subject, 'read'),
    method: 'get',
    description: `read ${subject.what}the specified ${subject.context.gvk.kind}`,
    parameters: scopeParameters(subject.context, subject.context.gvk.kind),
    codes: [200],
    action: 'get',
  }
}

export function replaceOperation(subject: Subject): Operation {
  return {
    ...objectOperation(subject, 'replace'),
    method: 'put',
    description: `replace ${subject.what}the specified ${subject.context.gvk.kind}`,
    parameters: [
      ...scopeParameters(subject.context, subject.context.gvk.kind),
      ...createParameters(),
    ],
    body: { definition: subject.schema, required: true },
    action: 'put',
  }
}

export function patchOperation(subject: Subject): Operation {
  return {
    ...objectOperation(subject, 'patch'),
    method: 'patch',
    description: `partially update ${subject.what}the specified ${subject.context.gvk.kind}`,
    parameters: [
      ...scopeParameters(subject.context, subject.context.gvk.kind),
      ...patchParameters(),
    ],
    body: { definition: 'io.k8s.apimachinery.pkg.apis.meta.v1.Patch', required: true },
    consumes: patchTypes,
    action: 'patch',
  }
}

type ObjectOperation = Omit<Operation, 'method' | 'description' | 'parameters' | 'action'>

function objectOperation({ context, suffix, schema, gvk }: Subject, verb: string): ObjectOperation {
  return {
    operationId: `${verb}${context.idPrefix}${context.gvk.kind}${suffix}`,
    tag: context.tag,
    consumes: ['*/*'],
    produces: produces.object,
    answer: { definition: schema },
    codes: [200, 201],
    kind: gvk,
  }
}
