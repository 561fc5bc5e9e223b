import type { Pod } from '../../../generated/types.ts'
import type { FieldError } from '../../../status-error.ts'
import { fieldForbidden } from '../../../validation/field-error.ts'
import { fieldPath } from '../../../validation/field-path.ts'
import {
  validateAnnotationsMatchFields,
  validatePodAnnotations,
} from '../../pod-spec/annotation-validation.ts'
import { validateImageSpaces } from '../../pod-spec/container-validation.ts'
import { validatePodSpec, validateProjectedTokens } from '../../pod-spec/validation.ts'

const specPath = fieldPath('spec')
export const annotationsPath = fieldPath('metadata', 'annotations')

/** Rules of a new pod (ValidatePodCreate). */
export function validatePod(pod: Pod): FieldError[] {
  const { spec, metadata } = pod
  const errors = validatePodWhole(pod)
  if ((spec.ephemeralContainers ?? []).length > 0)
    errors.push(fieldForbidden(specPath.child('ephemeralContainers'), 'cannot be set on create'))
  if (spec.nodeName && (spec.schedulingGates ?? []).length > 0) {
    const text = 'cannot be set until all schedulingGates have been cleared'
    errors.push(fieldForbidden(specPath.child('nodeName'), text))
  }
  return [...errors, ...validateAnnotationsMatchFields(metadata.annotations, spec, specPath)]
}

/** Rules that hold for pods at any time (validatePodMetadataAndSpec). */
export function validatePodWhole({ spec, metadata }: Pod): FieldError[] {
  const regular = (['containers', 'initContainers'] as const).flatMap((list) =>
    (spec[list] ?? []).flatMap((container, i) =>
      validateImageSpaces(container, specPath.child(list).index(i)),
    ),
  )
  return [
    ...validatePodAnnotations(metadata.annotations, spec, annotationsPath),
    ...validatePodSpec(spec, metadata, specPath, { isPod: true }),
    ...validateProjectedTokens(spec, specPath),
    ...regular,
  ]
}
