import type { ReplicaSet } from '../../../generated/types.ts'
import type { FieldError } from '../../../status-error.ts'
import { fieldPath } from '../../../validation/field-path.ts'
import { validateImmutable } from '../../../validation/object-meta.ts'
import { validateSelector } from '../../pod-spec/template-validation.ts'
import { nonNegative } from '../../rules/checked.ts'
import {
  validateCounts,
  validateReplicaParts,
  validateSelectedTemplate,
} from '../workload-validation.ts'

const path = fieldPath('spec')

export function validateReplicaSet({ spec }: ReplicaSet): FieldError[] {
  return [
    ...nonNegative(path, spec, ['replicas', 'minReadySeconds']),
    // Upstream's own words: it shares the rule with deployments.
    ...validateSelector(spec.selector, 'deployment', path.child('selector')),
    ...validateSelectedTemplate(spec, path),
  ]
}

export function validateReplicaSetUpdate(object: ReplicaSet, old: ReplicaSet): FieldError[] {
  return [
    ...validateReplicaSet(object),
    ...validateImmutable(object.spec.selector, old.spec.selector, path.child('selector')),
  ]
}

const parts = ['fullyLabeledReplicas', 'readyReplicas', 'availableReplicas']

/** Of replication controllers too. */
export function validateReplicaStatus({ status }: { status?: object }): FieldError[] {
  const at = fieldPath('status')
  const counts = ['replicas', ...parts, 'observedGeneration', 'terminatingReplicas']
  return [
    ...validateCounts(status ?? {}, counts, at),
    ...validateReplicaParts(status ?? {}, parts, at),
  ]
}
