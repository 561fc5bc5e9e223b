import type { Service } from '../../../generated/types.ts'
import { services } from '../../../resources.ts'
import { defineKind } from '../../definition/define-kind.ts'
import { statusSubresource } from '../../definition/status-subresource.ts'
import { serviceTable } from './columns.ts'
import { serviceStrategy } from './strategy.ts'
import { validateServiceStatusUpdate } from './validation.ts'

export const service = defineKind<Service>({
  type: services,
  shortNames: ['svc'],
  categories: ['all'],
  storage: 'services/specs',
  strategy: serviceStrategy,
  subresources: [
    statusSubresource<Service>({ validateUpdate: validateServiceStatusUpdate }),
    {
      name: 'proxy',
      form: 'action',
      verbs: ['create', 'delete', 'get', 'patch', 'update'],
      kind: 'ServiceProxyOptions',
    },
  ],
  table: serviceTable,
  selectableFields: ({ spec }) => ({
    'spec.clusterIP': spec.clusterIP ?? '',
    'spec.type': spec.type ?? '',
  }),
})
