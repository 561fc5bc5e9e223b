import type { EndpointSlice, Service } from '@kemu/api'
import type { PlanContext } from '../plan/plan-service.ts'

/** The node n1, where the kernel's rules carry connections. */
export const ruleContext: PlanContext = {
  topology: { nodeName: 'n1', zone: 'z1' },
  network: 'netns',
  carrier: 'rules',
  portFloor: 0,
  nodePortAddresses: ['172.18.0.10'],
  hasLocalhostNodePorts: true,
  hasGateway: true,
}

export type Endpoints = NonNullable<EndpointSlice['endpoints']>

/** default/web with port 80, named http. */
export function service(
  spec: Partial<Service['spec']> = {},
  status: Service['status'] = {},
  name = 'web',
): Service {
  return {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { name, namespace: 'default' },
    spec: { clusterIP: '10.96.0.20', ports: [{ name: 'http', port: 80 }], ...spec },
    status,
  } as Service
}

/** Endpoints of the port http at 8080. */
export function slice(endpoints: Endpoints, protocol = 'TCP', port = 8080): EndpointSlice {
  return {
    apiVersion: 'discovery.k8s.io/v1',
    kind: 'EndpointSlice',
    metadata: { name: 'web-1', namespace: 'default' },
    addressType: 'IPv4',
    ports: [{ name: 'http', port, protocol }],
    endpoints,
  } as EndpointSlice
}

export const here = { addresses: ['10.244.1.5'], nodeName: 'n1' }
export const there = { addresses: ['10.244.2.5'], nodeName: 'n2' }
