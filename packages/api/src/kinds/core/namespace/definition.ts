import type { Namespace } from '../../../generated/types.ts'
import { namespaces } from '../../../resources.ts'
import { nameIsDnsLabel } from '../../../validation/name-rules.ts'
import { age, ageColumn, text } from '../../columns/column.ts'
import { defineKind } from '../../definition/define-kind.ts'
import { keepStatus, statusSubresource } from '../../definition/status-subresource.ts'
import type { PartSubresource, Strategy } from '../../kind-definition.ts'
import { validateFinalizerNames, validateNamespaceStatus } from './validation.ts'

/** The finalizer that the namespace controller takes away when the namespace is empty. */
const kubernetes = 'kubernetes'
/** corev1.LabelMetadataName */
const nameLabel = 'kubernetes.io/metadata.name'

const strategy: Partial<Strategy<Namespace>> = {
  nameRule: nameIsDnsLabel,
  setDefaults(namespace) {
    if (namespace.metadata.name) labelWithName(namespace)
    namespace.status ??= {}
    namespace.status.phase ||= 'Active'
  },
  canonicalize: labelWithName,
  prepareForCreate(namespace) {
    namespace.status = { phase: 'Active' }
    namespace.spec ??= {}
    const finalizers = namespace.spec.finalizers ?? []
    if (!finalizers.includes(kubernetes)) namespace.spec.finalizers = [...finalizers, kubernetes]
  },
  prepareForUpdate(namespace, old) {
    keepStatus(namespace, old)
    namespace.spec = old.spec
  },
  validate: (namespace) => validateFinalizerNames(namespace),
}

function labelWithName({ metadata }: Namespace): void {
  metadata.labels = { ...metadata.labels, [nameLabel]: metadata.name ?? '' }
}

const finalize: PartSubresource<Namespace> = {
  name: 'finalize',
  form: 'part',
  verbs: ['update'],
  prepareForUpdate: keepStatus,
  validateUpdate: (namespace) => validateFinalizerNames(namespace, true),
}

export const namespace = defineKind<Namespace>({
  type: namespaces,
  shortNames: ['ns'],
  verbs: ['create', 'delete', 'get', 'list', 'patch', 'update', 'watch'],
  strategy,
  subresources: [
    statusSubresource<Namespace>({ validateUpdate: validateNamespaceStatus }),
    finalize,
  ],
  table: {
    columns: [text('Status', 'Active, or Terminating while it is being emptied.'), ageColumn],
    cells: (object, nowMs) => [object.status?.phase ?? '', age(object, nowMs)],
  },
  selectableFields: ({ metadata, status }) => ({
    'status.phase': status?.phase ?? '',
    name: metadata.name,
  }),
})
