import type { Ingress } from '../../../generated/types.ts'
import { ingresses } from '../../../resources.ts'
import { age, ageColumn, text } from '../../columns/column.ts'
import { loadBalancerAddresses } from '../../columns/load-balancer.ts'
import { defineKind } from '../../definition/define-kind.ts'
import { advanceWithSpec, startGeneration } from '../../definition/generation.ts'
import { keepStatus, statusSubresource } from '../../definition/status-subresource.ts'
import {
  classAnnotation,
  validateIngress,
  validateIngressStatus,
  validateIngressUpdate,
} from './validation.ts'

export const ingress = defineKind<Ingress>({
  type: ingresses,
  shortNames: ['ing'],
  storage: 'ingress',
  strategy: {
    prepareForCreate(object) {
      object.status = { loadBalancer: {} }
      startGeneration(object)
    },
    prepareForUpdate(object, old) {
      keepStatus(object, old)
      advanceWithSpec(object, old)
    },
    validate: validateIngress,
    validateUpdate: validateIngressUpdate,
    warnings({ metadata, spec }, old) {
      const isOld = metadata.annotations?.[classAnnotation] !== undefined
      if (old || !isOld || spec.ingressClassName !== undefined) return []
      const text = "is deprecated, please use 'spec.ingressClassName' instead"
      return [`annotation "${classAnnotation}" ${text}`]
    },
  },
  subresources: [statusSubresource<Ingress>({ validateUpdate: validateIngressStatus })],
  table: {
    columns: [
      text('Class', 'The class whose controller serves it.'),
      text('Hosts', 'The hosts that it serves.'),
      text('Address', 'Where its controller can be reached.'),
      text('Ports', 'The ports of its addresses.'),
      ageColumn,
    ],
    cells: (object, nowMs) => [
      object.spec.ingressClassName ?? '<none>',
      hostsText(object.spec.rules),
      loadBalancerAddresses(object.status.loadBalancer).join(','),
      (object.spec.tls ?? []).length > 0 ? '80, 443' : '80',
      age(object, nowMs),
    ],
  },
})

const shownHosts = 3

/** The first hosts; what is left out is counted in rules, as upstream counts it. */
function hostsText(rules: Ingress['spec']['rules'] = []): string {
  const hosts: string[] = []
  let isMore = false
  for (const { host } of rules) {
    if (hosts.length === shownHosts) isMore = true
    else if (host) hosts.push(host)
  }
  if (hosts.length === 0) return '*'
  return hosts.join(',') + (isMore ? ` + ${rules.length - shownHosts} more...` : '')
}
