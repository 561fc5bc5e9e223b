import type { Service, ServicePort } from '../../../generated/types.ts'
import { age, ageColumn, text, wide } from '../../columns/column.ts'
import { labelsText } from '../../columns/labels.ts'
import { loadBalancerAddresses } from '../../columns/load-balancer.ts'
import type { TableDefinition } from '../../kind-definition.ts'

export const serviceTable: TableDefinition<Service> = {
  columns: [
    text('Type', 'How the service is reached.'),
    text('Cluster-IP', 'Its first address inside the cluster.'),
    text('External-IP', 'Its addresses or name outside the cluster.'),
    text('Port(s)', 'Its ports, with the port on every node where there is one.'),
    ageColumn,
    wide('Selector', 'The labels of the pods behind it.'),
  ],
  cells: (service, nowMs) => [
    service.spec.type ?? '',
    service.spec.clusterIPs?.[0] ?? '<none>',
    externalAddress(service),
    (service.spec.ports ?? []).map(portText).join(',') || '<none>',
    age(service, nowMs),
    labelsText(service.spec.selector),
  ],
}

function externalAddress({ spec, status }: Service): string {
  const stated = spec.externalIPs ?? []
  switch (spec.type) {
    case 'ClusterIP':
    case 'NodePort':
      return stated.join(',') || '<none>'
    case 'LoadBalancer':
      return [...loadBalancerAddresses(status?.loadBalancer), ...stated].join(',') || '<pending>'
    case 'ExternalName':
      return spec.externalName ?? ''
    default:
      return '<unknown>'
  }
}

function portText({ port, nodePort, protocol }: ServicePort): string {
  return nodePort ? `${port}:${nodePort}/${protocol}` : `${port}/${protocol}`
}
