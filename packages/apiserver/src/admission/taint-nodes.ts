import type { Node } from '@kemu/api'
import type { AdmissionAttributes, AdmissionPlugin } from './admission.ts'
import { subjectOf } from './refusal.ts'

const notReady = 'node.kubernetes.io/not-ready'

/** A new node takes no pods before it is known to be ready (TaintNodesByCondition). */
export const taintNodesPlugin: AdmissionPlugin = {
  name: 'TaintNodesByCondition',
  admit(attributes: AdmissionAttributes): void {
    if (attributes.operation !== 'CREATE' || subjectOf(attributes) !== 'nodes') return
    const { spec } = attributes.object as Node
    if (spec.taints?.some(({ key, effect }) => key === notReady && effect === 'NoSchedule')) return
    ;(spec.taints ??= []).push({ key: notReady, effect: 'NoSchedule' })
  },
}
