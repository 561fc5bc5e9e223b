import type { PersistentVolumeClaimTemplate } from '../../generated/types.ts'
import type { FieldError } from '../../status-error.ts'
import { fieldForbidden } from '../../validation/field-error.ts'
import type { FieldPath } from '../../validation/field-path.ts'
import { validateLabels } from '../../validation/labels.ts'
import { validateAnnotations } from '../../validation/object-meta.ts'
import { validateClaimSpec } from '../core/persistent-volume-claim/claim-spec.ts'

/** A claim that is made for the pod: of its metadata only labels and annotations. */
export function validateClaimTemplate(
  { metadata = {}, spec }: PersistentVolumeClaimTemplate,
  path: FieldPath,
): FieldError[] {
  const at = path.child('metadata')
  const others = Object.keys(metadata).filter((name) => name !== 'labels' && name !== 'annotations')
  return [
    ...validateAnnotations(metadata.annotations, at.child('annotations')),
    ...validateLabels(metadata.labels, at.child('labels')),
    ...others.map((name) => fieldForbidden(at.child(name), 'cannot be set')),
    ...validateClaimSpec(spec, path.child('spec')),
  ]
}
