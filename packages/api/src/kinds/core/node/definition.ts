import type { Node } from '../../../generated/types.ts'
import { nodes } from '../../../resources.ts'
import { defineKind } from '../../definition/define-kind.ts'
import { keepStatus, statusSubresource } from '../../definition/status-subresource.ts'
import { nodeTable } from './columns.ts'
import { nodeWarnings, validateNode, validateNodeUpdate } from './validation.ts'

export const node = defineKind<Node>({
  type: nodes,
  shortNames: ['no'],
  storage: 'minions',
  strategy: {
    setDefaults({ spec, status }) {
      // The plural is what counts inside; the singular is its first (core/v1 conversion).
      if (spec?.podCIDR && spec.podCIDR !== spec.podCIDRs?.[0]) spec.podCIDRs = [spec.podCIDR]
      if (spec?.podCIDRs?.[0]) spec.podCIDR = spec.podCIDRs[0]
      if (status?.capacity && !status.allocatable) status.allocatable = { ...status.capacity }
    },
    prepareForCreate(object) {
      if (object.spec) delete object.spec.configSource
      if (object.status) delete object.status.config
    },
    prepareForUpdate(object, old) {
      keepStatus(object, old)
      if (object.spec && !old.spec?.configSource) delete object.spec.configSource
    },
    validate: validateNode,
    validateUpdate: (object, old) => [...validateNode(object), ...validateNodeUpdate(object, old)],
    warnings: nodeWarnings,
  },
  subresources: [
    statusSubresource<Node>({ validateUpdate: validateNodeUpdate }),
    {
      name: 'proxy',
      form: 'action',
      verbs: ['create', 'delete', 'get', 'patch', 'update'],
      kind: 'NodeProxyOptions',
    },
  ],
  table: nodeTable,
  selectableFields: ({ spec }) => ({ 'spec.unschedulable': String(spec?.unschedulable ?? false) }),
})
