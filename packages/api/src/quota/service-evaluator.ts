import type { Service } from '../generated/types.ts'
import type { KubeObject } from '../object.ts'
import { Quantity } from '../quantity.ts'
import { one } from './amounts.ts'
import type { Amounts } from './amounts.ts'
import type { QuotaChange, QuotaEvaluator } from './quota-evaluator.ts'

const names = ['count/services', 'services', 'services.nodeports', 'services.loadbalancers']

/** Counts services, their node ports and load balancers, as they are meant: nothing is allocated yet. */
export const serviceEvaluator: QuotaEvaluator = {
  group: '',
  resource: 'services',
  // A service's type may change.
  handles: ({ subresource }: QuotaChange) => subresource === '',
  counted: (asked) => asked.filter((name) => names.includes(name)),
  isInScope: () => false,
  missing: () => undefined,
  usage(object: KubeObject): Amounts {
    const { spec } = object as Service
    return new Map([
      ['count/services', one],
      ['services', one],
      ['services.nodeports', Quantity.ofUnits(nodePortsOf(spec))],
      ['services.loadbalancers', Quantity.ofUnits(spec.type === 'LoadBalancer' ? 1 : 0)],
    ])
  },
}

function nodePortsOf({ type, ports = [], allocateLoadBalancerNodePorts }: Service['spec']): number {
  if (type === 'LoadBalancer' && allocateLoadBalancerNodePorts === false)
    return ports.filter(({ nodePort }) => nodePort !== undefined && nodePort !== 0).length
  return type === 'NodePort' || type === 'LoadBalancer' ? ports.length : 0
}
