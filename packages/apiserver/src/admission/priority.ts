import { priorityClasses } from '@kemu/api'
import type { Pod, PriorityClass } from '@kemu/api'
import type { Catalog } from '../registry/catalog.ts'
import { Lookup } from '../registry/lookup.ts'
import type { AdmissionAttributes, AdmissionPlugin } from './admission.ts'
import { admissionForbidden, subjectOf } from './refusal.ts'

/** Turns a pod's priority class into its number; there is one default class at most. */
export class PriorityPlugin implements AdmissionPlugin {
  readonly name = 'Priority'
  readonly #lookup: Lookup

  constructor(catalog: Catalog) {
    this.#lookup = new Lookup(catalog)
  }

  async admit(attributes: AdmissionAttributes): Promise<void> {
    if (subjectOf(attributes) !== 'pods') return
    if (attributes.operation === 'UPDATE') return keepPriority(attributes)
    if (attributes.operation === 'CREATE') await this.#resolve(attributes)
  }

  async validate(attributes: AdmissionAttributes): Promise<void> {
    const { operation, object } = attributes
    if (subjectOf(attributes) !== 'priorityclasses.scheduling.k8s.io') return
    if (operation !== 'CREATE' && operation !== 'UPDATE') return
    const wanted = object as PriorityClass
    if (!wanted.globalDefault) return
    const present = await this.#defaultClass()
    if (!present || (operation === 'UPDATE' && present.metadata.name === wanted.metadata.name))
      return
    throw admissionForbidden(
      attributes,
      `PriorityClass ${present.metadata.name} is already marked as default. Only one default can exist`,
    )
  }

  async #resolve(attributes: AdmissionAttributes): Promise<void> {
    const { spec } = attributes.object as Pod
    const found = await this.#classOf(attributes, spec.priorityClassName ?? '')
    const value = found?.value ?? 0
    if (found) spec.priorityClassName = found.metadata.name
    if (spec.priority !== undefined && spec.priority !== value) {
      throw admissionForbidden(
        attributes,
        `the integer value of priority (${spec.priority}) must not be provided in pod spec; priority admission controller computed ${value} from the given PriorityClass name`,
      )
    }
    spec.priority = value
    const policy = found?.preemptionPolicy ?? 'PreemptLowerPriority'
    if (spec.preemptionPolicy !== undefined && spec.preemptionPolicy !== policy) {
      throw admissionForbidden(
        attributes,
        `the string value of PreemptionPolicy (${spec.preemptionPolicy}) must not be provided in pod spec; priority admission controller computed ${policy} from the given PriorityClass name`,
      )
    }
    spec.preemptionPolicy = policy
  }

  async #classOf(
    attributes: AdmissionAttributes,
    name: string,
  ): Promise<PriorityClass | undefined> {
    if (name === '') return this.#defaultClass()
    const found = await this.#lookup.find(priorityClasses, '', name)
    if (found) return found
    throw admissionForbidden(attributes, `no PriorityClass with name ${name} was found`)
  }

  async #defaultClass(): Promise<PriorityClass | undefined> {
    const all = await this.#lookup.all(priorityClasses)
    const marked = all.filter(({ globalDefault }) => globalDefault)
    return marked.toSorted((a, b) => (a.value ?? 0) - (b.value ?? 0))[0]
  }
}

/** What old clients leave out of an update is not a wish to change it. */
function keepPriority({ object, old }: AdmissionAttributes): void {
  const { spec } = object as Pod
  const before = (old as Pod).spec
  if (spec.priority === undefined && before.priority !== undefined) spec.priority = before.priority
  if (spec.preemptionPolicy === undefined && before.preemptionPolicy !== undefined) {
    spec.preemptionPolicy = before.preemptionPolicy
  }
}
