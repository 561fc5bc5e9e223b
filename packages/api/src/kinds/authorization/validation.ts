import type {
  FieldSelectorAttributes,
  LabelSelectorAttributes,
  LocalSubjectAccessReview,
  ObjectMeta,
  ResourceAttributes,
  SelfSubjectAccessReview,
  SelfSubjectRulesReview,
  SubjectAccessReview,
} from '../../generated/types.ts'
import type { FieldError } from '../../status-error.ts'
import { fieldInvalid, fieldRequired } from '../../validation/field-error.ts'
import { fieldPath } from '../../validation/field-path.ts'
import type { FieldPath } from '../../validation/field-path.ts'
import { validateLabelKey } from '../../validation/labels.ts'

const path = fieldPath('spec')

export function validateSubjectReview({ spec, metadata }: SubjectAccessReview): FieldError[] {
  return [...validateSubjectSpec(spec), ...validateNoMetadata(metadata, [], 'must be empty')]
}

export function validateSelfReview({ spec, metadata }: SelfSubjectAccessReview): FieldError[] {
  return [...validateAttributes(spec), ...validateNoMetadata(metadata, [], 'must be empty')]
}

export function validateLocalReview(review: LocalSubjectAccessReview): FieldError[] {
  const { spec, metadata } = review
  const errors = [
    ...validateSubjectSpec(spec),
    ...validateNoMetadata(metadata, ['namespace'], 'must be empty except for namespace'),
  ]
  const namespace = spec.resourceAttributes?.namespace ?? ''
  if (spec.resourceAttributes && namespace !== (metadata.namespace ?? ''))
    errors.push(
      fieldInvalid(
        fieldPath('spec.resourceAttributes.namespace'),
        namespace,
        'must match metadata.namespace',
      ),
    )
  if (spec.nonResourceAttributes)
    errors.push(
      fieldInvalid(
        fieldPath('spec.nonResourceAttributes'),
        shown(spec.nonResourceAttributes),
        'disallowed on this kind of request',
      ),
    )
  return errors
}

/** No rule here: without a namespace the server answers 400 (registry/authorization/selfsubjectrulesreview). */
export function validateRulesReview(_review: SelfSubjectRulesReview): FieldError[] {
  return []
}

function validateSubjectSpec(spec: SubjectAccessReview['spec']): FieldError[] {
  const errors = validateEither(spec)
  if (!spec.user && (spec.groups ?? []).length === 0) {
    const text = 'at least one of user or group must be specified'
    errors.push(fieldInvalid(path.child('user'), spec.user ?? '', text))
  }
  return [...errors, ...validateResourceAttributes(spec.resourceAttributes)]
}

function validateAttributes(spec: SelfSubjectAccessReview['spec']): FieldError[] {
  return [...validateEither(spec), ...validateResourceAttributes(spec.resourceAttributes)]
}

function validateEither(spec: SelfSubjectAccessReview['spec']): FieldError[] {
  const { resourceAttributes, nonResourceAttributes } = spec
  if (resourceAttributes && nonResourceAttributes) {
    const text = 'cannot be specified in combination with resourceAttributes'
    return [fieldInvalid(path.child('nonResourceAttributes'), shown(nonResourceAttributes), text)]
  }
  if (resourceAttributes || nonResourceAttributes) return []
  const text = 'exactly one of nonResourceAttributes or resourceAttributes must be specified'
  return [fieldInvalid(path.child('resourceAttributes'), null, text)]
}

/** With the field names of upstream's internal type. */
function shown({ path, verb }: { path?: string; verb?: string }): unknown {
  return { Path: path ?? '', Verb: verb ?? '' }
}

function validateResourceAttributes(attributes: ResourceAttributes | undefined): FieldError[] {
  const at = fieldPath('spec.resourceAttributes')
  return [
    ...validateSelector(attributes?.fieldSelector, at.child('fieldSelector')),
    ...validateSelector(attributes?.labelSelector, at.child('labelSelector')),
  ]
}

function validateSelector(
  selector: FieldSelectorAttributes | LabelSelectorAttributes | undefined,
  path: FieldPath,
): FieldError[] {
  if (!selector) return []
  const { rawSelector = '', requirements = [] } = selector
  const errors: FieldError[] = []
  if (rawSelector !== '' && requirements.length > 0) {
    const text = 'may not specified at the same time as requirements'
    errors.push(fieldInvalid(path.child('rawSelector'), rawSelector, text))
  }
  if (rawSelector === '' && requirements.length === 0) {
    const text = `when ${path.toString()} is specified, requirements or rawSelector is required`
    errors.push(fieldRequired(path.child('requirements'), text))
  }
  return [
    ...errors,
    ...requirements.flatMap(({ key }, i) =>
      validateLabelKey(key, path.child('requirements').index(i).child('key')),
    ),
  ]
}

function validateNoMetadata(
  metadata: ObjectMeta,
  allowed: readonly string[],
  text: string,
): FieldError[] {
  const set = Object.entries(metadata ?? {}).filter(
    ([name, value]) =>
      name !== 'managedFields' &&
      !allowed.includes(name) &&
      value !== null &&
      value !== undefined &&
      value !== '',
  )
  return set.length === 0 ? [] : [fieldInvalid(fieldPath('metadata'), metadata, text)]
}
