import type { LabelSelector, PodTemplateSpec } from '../../generated/types.ts'
import { selectorOf } from '../../label-selector.ts'
import type { FieldError } from '../../status-error.ts'
import {
  fieldForbidden,
  fieldInvalid,
  fieldNotSupported,
  fieldRequired,
} from '../../validation/field-error.ts'
import { fieldPath } from '../../validation/field-path.ts'
import type { FieldPath } from '../../validation/field-path.ts'
import { validateLabels, validateLabelSelector } from '../../validation/labels.ts'
import { validateAnnotations } from '../../validation/object-meta.ts'
import { validateAnnotationsMatchFields, validatePodAnnotations } from './annotation-validation.ts'
import { validatePodSpec } from './validation.ts'

/** Rules of a template wherever it stands (ValidatePodTemplateSpec). */
export function validateTemplate(template: PodTemplateSpec, path: FieldPath): FieldError[] {
  const { metadata = {}, spec = { containers: [] } } = template
  const specPath = path.child('spec')
  const annotationsPath = path.child('annotations')
  const errors = [
    ...validateLabels(metadata.labels, path.child('labels')),
    ...validateAnnotations(metadata.annotations, annotationsPath),
    ...validatePodAnnotations(metadata.annotations, spec, annotationsPath),
    ...validatePodSpec(spec, undefined, specPath, { isPod: false }),
    ...validateAnnotationsMatchFields(metadata.annotations, spec, specPath),
  ]
  if ((spec.ephemeralContainers ?? []).length > 0) {
    const text = 'ephemeral containers not allowed in pod template'
    errors.push(fieldForbidden(specPath.child('ephemeralContainers'), text))
  }
  return errors
}

/** A template whose pods run for ever, for the sake of `owner`. */
export function validateServingTemplate(
  template: PodTemplateSpec,
  owner: string,
  path: FieldPath,
): FieldError[] {
  return [
    ...validateTemplate(template, path),
    ...validateServingRules(template.spec, owner, path.child('spec')),
  ]
}

/** Such pods start again whenever they end. */
export function validateServingRules(
  spec: PodTemplateSpec['spec'],
  owner: string,
  path: FieldPath,
): FieldError[] {
  const { restartPolicy, activeDeadlineSeconds } = spec ?? {}
  const errors: FieldError[] = []
  if (restartPolicy !== 'Always')
    errors.push(fieldNotSupported(path.child('restartPolicy'), restartPolicy ?? '', ['Always']))
  if (activeDeadlineSeconds !== undefined) {
    const text = `activeDeadlineSeconds in ${owner} is not Supported`
    errors.push(fieldForbidden(path.child('activeDeadlineSeconds'), text))
  }
  return errors
}

/** The owner must find its own pods. */
export function validateSelectorMatches(
  selector: LabelSelector | undefined,
  template: PodTemplateSpec,
  path: FieldPath,
): FieldError[] {
  const labels = template.metadata?.labels
  if (selectorOf(selector).matches(labels)) return []
  const text = '`selector` does not match template `labels`'
  return [fieldInvalid(path.child('metadata', 'labels'), labels ?? null, text)]
}

/** A selector that must be stated and select something; `what` is what messages call the kind. */
export function validateSelector(
  selector: LabelSelector | undefined,
  what: string,
  path: FieldPath,
): FieldError[] {
  if (!selector) return [fieldRequired(path)]
  const errors = validateLabelSelector(selector, path)
  if (!isEmptySelector(selector)) return errors
  return [...errors, fieldInvalid(path, selector, `empty selector is invalid for ${what}`)]
}

export function isEmptySelector(selector: LabelSelector): boolean {
  const { matchLabels, matchExpressions } = selector
  return Object.keys(matchLabels ?? {}).length + (matchExpressions ?? []).length === 0
}

/** Operators that no selector knows make it unreadable. */
export function isReadableSelector(selector: LabelSelector | undefined): boolean {
  return validateLabelSelector(selector, fieldPath()).length === 0
}
