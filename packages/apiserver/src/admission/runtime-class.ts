import { Quantity, runtimeClasses } from '@kemu/api'
import type { Pod, PodSpec, RuntimeClass } from '@kemu/api'
import type { Catalog } from '../registry/catalog.ts'
import { Lookup } from '../registry/lookup.ts'
import type { AdmissionAttributes, AdmissionPlugin } from './admission.ts'
import { mergedTolerations } from './merged-tolerations.ts'
import { admissionForbidden, subjectOf } from './refusal.ts'

/** Gives a pod the overhead and the scheduling of its runtime class, which must exist. */
export class RuntimeClassPlugin implements AdmissionPlugin {
  readonly name = 'RuntimeClass'
  readonly #lookup: Lookup

  constructor(catalog: Catalog) {
    this.#lookup = new Lookup(catalog)
  }

  async admit(attributes: AdmissionAttributes): Promise<void> {
    if (subjectOf(attributes) !== 'pods' || attributes.operation !== 'CREATE') return
    const { spec } = attributes.object as Pod
    const found = await this.#classOf(attributes, spec.runtimeClassName)
    setOverhead(attributes, spec, found)
    if (found) setScheduling(attributes, spec, found)
  }

  async #classOf(
    attributes: AdmissionAttributes,
    name: string | undefined,
  ): Promise<RuntimeClass | undefined> {
    if (name === undefined) return undefined
    const found = await this.#lookup.find(runtimeClasses, '', name)
    if (found) return found
    throw admissionForbidden(attributes, `pod rejected: RuntimeClass "${name}" not found`)
  }
}

function setOverhead(
  attributes: AdmissionAttributes,
  spec: PodSpec,
  found: RuntimeClass | undefined,
): void {
  const given = spec.overhead ?? {}
  const hasOverhead = Object.keys(given).length > 0
  const defined = found?.overhead?.podFixed
  if (!found?.overhead) {
    if (!hasOverhead) return
    throw admissionForbidden(
      attributes,
      'pod rejected: Pod Overhead set without corresponding RuntimeClass defined Overhead',
    )
  }
  if (hasOverhead && !sameAmounts(given, defined ?? {})) {
    throw admissionForbidden(
      attributes,
      "pod rejected: Pod's Overhead doesn't match RuntimeClass's defined Overhead",
    )
  }
  if (defined) spec.overhead = { ...defined }
}

type Amounts = Readonly<Record<string, string>>

function sameAmounts(one: Amounts, other: Amounts): boolean {
  const names = Object.keys(one)
  return (
    names.length === Object.keys(other).length &&
    names.every((name) => {
      const [left, right] = [one[name], other[name]]
      return (
        left !== undefined &&
        right !== undefined &&
        Quantity.parse(left).compare(Quantity.parse(right)) === 0
      )
    })
  )
}

function setScheduling(
  attributes: AdmissionAttributes,
  spec: PodSpec,
  { scheduling }: RuntimeClass,
): void {
  if (!scheduling) return
  const { nodeSelector = {}, tolerations = [] } = scheduling
  for (const [key, value] of Object.entries(nodeSelector)) {
    const given = spec.nodeSelector?.[key]
    if (given !== undefined && given !== value) {
      throw admissionForbidden(
        attributes,
        `conflict: runtimeClass.scheduling.nodeSelector[${key}] = ${value}; pod.spec.nodeSelector[${key}] = ${given}`,
      )
    }
    spec.nodeSelector = { ...spec.nodeSelector, [key]: value }
  }
  if (tolerations.length === 0) return
  spec.tolerations = mergedTolerations(spec.tolerations ?? [], tolerations)
}
