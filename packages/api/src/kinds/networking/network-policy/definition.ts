import type { NetworkPolicy } from '../../../generated/types.ts'
import { networkPolicies } from '../../../resources.ts'
import { age, ageColumn, text } from '../../columns/column.ts'
import { labelSelectorText } from '../../columns/labels.ts'
import { defineKind } from '../../definition/define-kind.ts'
import { advanceWithSpec, startGeneration } from '../../definition/generation.ts'
import { policyPeers, policyPorts } from './parts.ts'
import { validatePolicy, validatePolicyUpdate } from './validation.ts'
import { policyWarnings } from './warnings.ts'

export const networkPolicy = defineKind<NetworkPolicy>({
  type: networkPolicies,
  shortNames: ['netpol'],
  strategy: {
    setDefaults,
    prepareForCreate: startGeneration,
    prepareForUpdate: advanceWithSpec,
    validate: validatePolicy,
    validateUpdate: validatePolicyUpdate,
    warnings: (object) => policyWarnings(policyPeers(object.spec)),
  },
  table: {
    columns: [text('Pod-Selector', 'The pods that it speaks of.'), ageColumn],
    cells: (object, nowMs) => [labelSelectorText(object.spec.podSelector), age(object, nowMs)],
  },
})

function setDefaults({ spec }: NetworkPolicy): void {
  for (const { port } of policyPorts(spec)) port.protocol ??= 'TCP'
  if ((spec.policyTypes ?? []).length > 0) return
  spec.policyTypes = (spec.egress ?? []).length > 0 ? ['Ingress', 'Egress'] : ['Ingress']
}
