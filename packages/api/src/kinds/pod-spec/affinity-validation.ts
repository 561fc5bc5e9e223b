import type {
  Affinity,
  NodeAffinity,
  NodeSelector,
  NodeSelectorRequirement,
  NodeSelectorTerm,
  PodAffinity,
  PodAffinityTerm,
} from '../../generated/types.ts'
import type { FieldError } from '../../status-error.ts'
import { fieldForbidden, fieldInvalid, fieldRequired } from '../../validation/field-error.ts'
import type { FieldPath } from '../../validation/field-path.ts'
import { validateLabelKey, validateLabelSelector } from '../../validation/labels.ts'
import {
  checkDns1123Label,
  checkDns1123Subdomain,
  checkLabelValue,
} from '../../validation/name-rules.ts'
import { checked } from '../rules/checked.ts'
import { validateLabelKeys } from './label-keys-validation.ts'

export function validateAffinity(affinity: Affinity | undefined, path: FieldPath): FieldError[] {
  const { nodeAffinity, podAffinity, podAntiAffinity } = affinity ?? {}
  return [
    ...(nodeAffinity ? validateNodeAffinity(nodeAffinity, path.child('nodeAffinity')) : []),
    ...(podAffinity ? validatePodAffinity(podAffinity, path.child('podAffinity')) : []),
    ...(podAntiAffinity ? validatePodAffinity(podAntiAffinity, path.child('podAntiAffinity')) : []),
  ]
}

const required = 'requiredDuringSchedulingIgnoredDuringExecution'
const preferred = 'preferredDuringSchedulingIgnoredDuringExecution'

function validateNodeAffinity(affinity: NodeAffinity, path: FieldPath): FieldError[] {
  const selector = affinity[required]
  return [
    ...(selector ? validateNodeSelector(selector, path.child(required)) : []),
    ...(affinity[preferred] ?? []).flatMap(({ weight, preference }, i) => {
      const at = path.child(preferred).index(i)
      return [
        ...validateWeight(weight, at.child('weight')),
        ...validateTerm(preference, at.child('preference'), false),
      ]
    }),
  ]
}

function validateWeight(weight: number, path: FieldPath): FieldError[] {
  if (weight >= 1 && weight <= 100) return []
  return [fieldInvalid(path, weight, 'must be in the range 1-100')]
}

export function validateNodeSelector(selector: NodeSelector, path: FieldPath): FieldError[] {
  const at = path.child('nodeSelectorTerms')
  const terms = selector.nodeSelectorTerms ?? []
  if (terms.length === 0) return [fieldRequired(at, 'must have at least one node selector term')]
  return terms.flatMap((term, i) => validateTerm(term, at.index(i), true))
}

function validateTerm(term: NodeSelectorTerm, path: FieldPath, checkValues: boolean): FieldError[] {
  return [
    ...(term.matchExpressions ?? []).flatMap((requirement, i) =>
      validateRequirement(requirement, path.child('matchExpressions').index(i), checkValues),
    ),
    ...(term.matchFields ?? []).flatMap((requirement, i) =>
      validateFieldRequirement(requirement, path.child('matchFields').index(i)),
    ),
  ]
}

function validateRequirement(
  { key, operator, values = [] }: NodeSelectorRequirement,
  path: FieldPath,
  checkValues: boolean,
): FieldError[] {
  const at = path.child('values')
  return [
    ...validateOperator(operator, values, path),
    ...validateLabelKey(key, path.child('key')),
    ...(checkValues
      ? values.flatMap((value, i) => checked(at.index(i), value, checkLabelValue))
      : []),
  ]
}

function validateOperator(
  operator: string,
  values: readonly string[],
  path: FieldPath,
): FieldError[] {
  const at = path.child('values')
  switch (operator) {
    case 'In':
    case 'NotIn': {
      const text = "must be specified when `operator` is 'In' or 'NotIn'"
      return values.length === 0 ? [fieldRequired(at, text)] : []
    }
    case 'Exists':
    case 'DoesNotExist': {
      const text = "may not be specified when `operator` is 'Exists' or 'DoesNotExist'"
      return values.length > 0 ? [fieldForbidden(at, text)] : []
    }
    case 'Gt':
    case 'Lt': {
      const text = "must be specified single value when `operator` is 'Lt' or 'Gt'"
      return values.length === 1 ? [] : [fieldRequired(at, text)]
    }
    default:
      return [fieldInvalid(path.child('operator'), operator, 'not a valid selector operator')]
  }
}

/** Of the fields of a node only its name can be asked for. */
function validateFieldRequirement(
  { key, operator, values = [] }: NodeSelectorRequirement,
  path: FieldPath,
): FieldError[] {
  const errors: FieldError[] = []
  if (operator !== 'In' && operator !== 'NotIn')
    errors.push(fieldInvalid(path.child('operator'), operator, 'not a valid selector operator'))
  else if (values.length !== 1) {
    const text = "must be only one value when `operator` is 'In' or 'NotIn' for node field selector"
    errors.push(fieldRequired(path.child('values'), text))
  }
  if (key !== 'metadata.name')
    return [...errors, fieldInvalid(path.child('key'), key, 'not a valid field selector key')]
  const at = path.child('values')
  return [
    ...errors,
    ...values.flatMap((value, i) => checked(at.index(i), value, checkDns1123Subdomain)),
  ]
}

/** Of affinity and of anti-affinity alike. */
function validatePodAffinity(affinity: PodAffinity, path: FieldPath): FieldError[] {
  return [
    ...(affinity[required] ?? []).flatMap((term, i) =>
      validatePodTerm(term, path.child(required).index(i)),
    ),
    ...(affinity[preferred] ?? []).flatMap(({ weight, podAffinityTerm }, i) => {
      const at = path.child(preferred).index(i)
      return [
        ...validateWeight(weight, at.child('weight')),
        ...validatePodTerm(podAffinityTerm, at.child('podAffinityTerm')),
      ]
    }),
  ]
}

function validatePodTerm(term: PodAffinityTerm, path: FieldPath): FieldError[] {
  const { labelSelector, namespaceSelector, namespaces, topologyKey } = term
  return [
    ...validateLabelSelector(labelSelector, path.child('labelSelector')),
    ...validateLabelSelector(namespaceSelector, path.child('namespaceSelector')),
    ...(namespaces ?? []).flatMap((name) =>
      checked(path.child('namespace'), name, checkDns1123Label),
    ),
    ...validateLabelKeys(term, path),
    ...(topologyKey === '' ? [fieldRequired(path.child('topologyKey'), 'can not be empty')] : []),
    ...validateLabelKey(topologyKey, path.child('topologyKey')),
  ]
}
