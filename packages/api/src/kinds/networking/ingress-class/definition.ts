import type { IngressClass } from '../../../generated/types.ts'
import { ingressClasses } from '../../../resources.ts'
import { age, ageColumn, text } from '../../columns/column.ts'
import { defineKind } from '../../definition/define-kind.ts'
import { advanceWithSpec, startGeneration } from '../../definition/generation.ts'
import { validateIngressClass, validateIngressClassUpdate } from './validation.ts'

const defaultAnnotation = 'ingressclass.kubernetes.io/is-default-class'

export const ingressClass = defineKind<IngressClass>({
  type: ingressClasses,
  strategy: {
    setDefaults({ spec }) {
      if (spec.parameters) spec.parameters.scope ??= 'Cluster'
    },
    prepareForCreate: startGeneration,
    prepareForUpdate: advanceWithSpec,
    validate: validateIngressClass,
    validateUpdate: validateIngressClassUpdate,
  },
  table: {
    name: ({ metadata }) =>
      metadata.annotations?.[defaultAnnotation] === 'true'
        ? `${metadata.name} (default)`
        : metadata.name,
    columns: [
      text('Controller', 'Who serves its ingresses.'),
      text('Parameters', 'What the controller reads besides.'),
      ageColumn,
    ],
    cells: (object, nowMs) => [
      object.spec.controller ?? '',
      parametersText(object.spec.parameters),
      age(object, nowMs),
    ],
  },
})

function parametersText(parameters: IngressClass['spec']['parameters']): string {
  if (!parameters) return '<none>'
  const { kind, apiGroup, name } = parameters
  return `${kind}${apiGroup === undefined ? '' : `.${apiGroup}`}/${name}`
}
