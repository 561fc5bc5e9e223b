import type { ObjectMeta } from '../../generated/types.ts'
import type { FieldError } from '../../status-error.ts'
import { fieldForbidden } from '../../validation/field-error.ts'
import type { FieldPath } from '../../validation/field-path.ts'
import { validateLabels } from '../../validation/labels.ts'
import { validateAnnotations } from '../../validation/object-meta.ts'

/** Metadata of claims that are made for a pod: only labels and annotations (ValidateTemplateObjectMeta). */
export function validateTemplateMeta(
  metadata: Partial<ObjectMeta> = {},
  path: FieldPath,
): FieldError[] {
  const others = Object.keys(metadata).filter((name) => name !== 'labels' && name !== 'annotations')
  return [
    ...validateAnnotations(metadata.annotations, path.child('annotations')),
    ...validateLabels(metadata.labels, path.child('labels')),
    ...others.map((name) => fieldForbidden(path.child(name), 'cannot be set')),
  ]
}
