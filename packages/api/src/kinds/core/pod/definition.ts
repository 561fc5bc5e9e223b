import { pods } from '../../../resources.ts'
import { defineKind } from '../../definition/define-kind.ts'
import { podTable } from './columns.ts'
import { podStrategy } from './strategy.ts'
import { podSubresources } from './subresources.ts'

export const pod = defineKind({
  type: pods,
  shortNames: ['po'],
  categories: ['all'],
  strategy: podStrategy,
  subresources: podSubresources,
  table: podTable,
  /** registry/core/pod ToSelectableFields */
  selectableFields: ({ spec, status }) => ({
    'spec.nodeName': spec.nodeName ?? '',
    'spec.restartPolicy': spec.restartPolicy ?? '',
    'spec.schedulerName': spec.schedulerName ?? '',
    'spec.serviceAccountName': spec.serviceAccountName ?? '',
    'spec.hostNetwork': String(spec.hostNetwork ?? false),
    'status.phase': status?.phase ?? '',
    'status.podIP': status?.podIPs?.[0]?.ip ?? '',
    // Accepted by the conversion function, and set by nobody.
    'status.podIPs': '',
    'status.nominatedNodeName': status?.nominatedNodeName ?? '',
  }),
})
