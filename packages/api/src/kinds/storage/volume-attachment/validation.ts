import type {
  VolumeAttachment,
  VolumeAttachmentSource,
  VolumeError,
} from '../../../generated/types.ts'
import type { FieldError } from '../../../status-error.ts'
import {
  fieldForbidden,
  fieldInvalid,
  fieldRequired,
  fieldTooLong,
} from '../../../validation/field-error.ts'
import { fieldPath } from '../../../validation/field-path.ts'
import type { FieldPath } from '../../../validation/field-path.ts'
import {
  byteLength,
  checkDns1123Subdomain,
  rangeComplaint,
} from '../../../validation/name-rules.ts'
import { validateImmutable } from '../../../validation/object-meta.ts'
import { validateSources } from '../../core/persistent-volume/sources.ts'
import { checked } from '../../rules/checked.ts'
import { validateDriverName } from '../driver-name.ts'

const path = fieldPath('spec')
const metadataBytesMax = 256 * 1024
const messageBytesMax = 1024

export function validateAttachment({ spec, status }: VolumeAttachment): FieldError[] {
  const { source, nodeName } = spec
  const name = source.persistentVolumeName
  return [
    ...validateDriverName(spec.attacher, path.child('attacher')),
    ...validateSource(source, path.child('source')),
    ...checked(path.child('nodeName'), nodeName, checkDns1123Subdomain),
    ...validateStatus(status),
    ...(name === undefined
      ? []
      : checked(path.child('source', 'persistentVolumeName'), name, checkDns1123Subdomain)),
  ]
}

function validateSource(source: VolumeAttachmentSource, at: FieldPath): FieldError[] {
  const { inlineVolumeSpec, persistentVolumeName } = source
  const text = 'must specify exactly one of inlineVolumeSpec and persistentVolumeName'
  if (inlineVolumeSpec && persistentVolumeName !== undefined) return [fieldForbidden(at, text)]
  if (inlineVolumeSpec) return validateSources(inlineVolumeSpec, at.child('inlineVolumeSpec'))
  if (persistentVolumeName === undefined) return [fieldRequired(at, text)]
  if (persistentVolumeName !== '') return []
  const named = at.child('persistentVolumeName')
  return [fieldRequired(named, 'must specify non empty persistentVolumeName')]
}

function validateStatus(status: VolumeAttachment['status']): FieldError[] {
  const at = fieldPath('status')
  const texts = Object.entries(status.attachmentMetadata ?? {}).flat()
  const bytes = texts.reduce((sum, text) => sum + byteLength(text), 0)
  return [
    ...(bytes > metadataBytesMax
      ? [fieldTooLong(at.child('attachmentMetadata'), metadataBytesMax)]
      : []),
    ...validateVolumeError(status.attachError, at.child('attachError')),
    ...validateVolumeError(status.detachError, at.child('detachError')),
  ]
}

function validateVolumeError(error: VolumeError | undefined, at: FieldPath): FieldError[] {
  const { message = '', errorCode = 0 } = error ?? {}
  return [
    // Upstream names the bound of the metadata here.
    ...(byteLength(message) > messageBytesMax
      ? [fieldTooLong(at.child('message'), metadataBytesMax)]
      : []),
    ...(errorCode < 0
      ? [fieldInvalid(at.child('errorCode'), errorCode, rangeComplaint(0, 2_147_483_647))]
      : []),
  ]
}

export function validateAttachmentUpdate(
  object: VolumeAttachment,
  old: VolumeAttachment,
): FieldError[] {
  return [...validateAttachment(object), ...validateImmutable(shown(object), shown(old), path)]
}

/** Messages show the server's own type. */
function shown({ spec: { attacher, source, nodeName } }: VolumeAttachment): unknown {
  const { persistentVolumeName = null, inlineVolumeSpec = null } = source
  return {
    Attacher: attacher,
    Source: { PersistentVolumeName: persistentVolumeName, InlineVolumeSpec: inlineVolumeSpec },
    NodeName: nodeName,
  }
}
