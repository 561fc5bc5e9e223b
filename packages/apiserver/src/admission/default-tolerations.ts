import type { Pod, Toleration } from '@kemu/api'
import type { AdmissionAttributes, AdmissionPlugin } from './admission.ts'
import { subjectOf } from './refusal.ts'

const notReady = 'node.kubernetes.io/not-ready'
const unreachable = 'node.kubernetes.io/unreachable'

/**
 * How long pods stay on a node that went away, where they do not say so themselves
 * (DefaultTolerationSeconds).
 */
export class DefaultTolerationSecondsPlugin implements AdmissionPlugin {
  readonly name = 'DefaultTolerationSeconds'
  readonly #seconds: ReadonlyMap<string, number>

  constructor(notReadySeconds: number, unreachableSeconds: number) {
    this.#seconds = new Map([
      [notReady, notReadySeconds],
      [unreachable, unreachableSeconds],
    ])
  }

  admit(attributes: AdmissionAttributes): void {
    if (subjectOf(attributes) !== 'pods' || !attributes.object) return
    if (attributes.operation !== 'CREATE' && attributes.operation !== 'UPDATE') return
    const { spec } = attributes.object as Pod
    for (const [key, tolerationSeconds] of this.#seconds) {
      if (spec.tolerations?.some((toleration) => tolerates(toleration, key))) continue
      const toleration = { key, operator: 'Exists', effect: 'NoExecute', tolerationSeconds }
      ;(spec.tolerations ??= []).push(toleration)
    }
  }
}

function tolerates({ key, effect }: Toleration, wanted: string): boolean {
  return (!key || key === wanted) && (!effect || effect === 'NoExecute')
}
