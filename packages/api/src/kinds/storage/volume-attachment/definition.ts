import type { VolumeAttachment } from '../../../generated/types.ts'
import { volumeAttachments } from '../../../resources.ts'
import { age, ageColumn, boolean, text } from '../../columns/column.ts'
import { defineKind } from '../../definition/define-kind.ts'
import { keepStatus, statusSubresource } from '../../definition/status-subresource.ts'
import { unattendedWarning } from '../../definition/unattended.ts'
import { validateAttachment, validateAttachmentUpdate } from './validation.ts'

export const volumeAttachment = defineKind<VolumeAttachment>({
  type: volumeAttachments,
  strategy: {
    prepareForCreate(object) {
      object.status = { attached: false }
    },
    prepareForUpdate: keepStatus,
    validate: validateAttachment,
    validateUpdate: validateAttachmentUpdate,
    warnings: (_object, old) => unattendedWarning('VolumeAttachment', old),
    allowUnconditionalUpdate: false,
  },
  subresources: [statusSubresource<VolumeAttachment>({ validateUpdate: validateAttachmentUpdate })],
  table: {
    columns: [
      { ...text('Attacher', 'The CSI driver that attaches.'), format: 'name' },
      text('PV', 'The volume.'),
      text('Node', 'Where it is to be attached.'),
      boolean('Attached', 'Whether it is.'),
      ageColumn,
    ],
    cells: (object, nowMs) => {
      const { attacher, source, nodeName } = object.spec
      const { attached } = object.status
      return [attacher, source.persistentVolumeName ?? '', nodeName, attached, age(object, nowMs)]
    },
  },
})
