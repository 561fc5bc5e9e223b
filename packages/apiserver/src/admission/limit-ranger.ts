import { aggregateContainers, limitRanges, Quantity } from '@kemu/api'
import type { Container, LimitRange, PersistentVolumeClaim, Pod } from '@kemu/api'
import type { Catalog } from '../registry/catalog.ts'
import { Lookup } from '../registry/lookup.ts'
import type { AdmissionAttributes, AdmissionPlugin } from './admission.ts'
import { brokenLimits } from './limit-constraints.ts'
import type { Stated } from './limit-constraints.ts'
import { admissionForbidden, subjectOf } from './refusal.ts'

type LimitItem = LimitRange['spec']['limits'][number]

const annotation = 'kubernetes.io/limit-ranger'

/** Gives containers the namespace's default requests and limits, and holds pods and claims to its bounds. */
export class LimitRangerPlugin implements AdmissionPlugin {
  readonly name = 'LimitRanger'
  readonly #lookup: Lookup

  constructor(catalog: Catalog) {
    this.#lookup = new Lookup(catalog)
  }

  async admit(attributes: AdmissionAttributes): Promise<void> {
    if (subjectOf(attributes) !== 'pods' || attributes.operation !== 'CREATE') return
    for (const { spec } of await this.#ranges(attributes))
      setDefaults(attributes.object as Pod, spec.limits)
  }

  async validate(attributes: AdmissionAttributes): Promise<void> {
    const broken = brokenLimitsOf(attributes)
    if (!broken || attributes.old?.metadata.deletionTimestamp !== undefined) return
    for (const { spec } of await this.#ranges(attributes)) {
      const all = [...new Set(spec.limits.flatMap(broken))]
      if (all.length === 0) continue
      throw admissionForbidden(attributes, all.length === 1 ? all[0]! : `[${all.join(', ')}]`)
    }
  }

  #ranges({ path }: AdmissionAttributes): Promise<LimitRange[]> {
    return this.#lookup.all(limitRanges, path.namespace)
  }
}

/** What is checked of such a request; undefined where nothing is. */
function brokenLimitsOf(
  attributes: AdmissionAttributes,
): ((item: LimitItem) => string[]) | undefined {
  const { operation, object } = attributes
  const subject = subjectOf(attributes)
  const isNew = operation === 'CREATE'
  if ((subject === 'pods' && isNew) || (subject === 'pods/resize' && operation === 'UPDATE'))
    return (item) => brokenByPod(object as Pod, item)
  if (subject === 'persistentvolumeclaims' && (isNew || operation === 'UPDATE'))
    return (item) => brokenByClaim(object as PersistentVolumeClaim, item)
  return undefined
}

function brokenByPod(pod: Pod, item: LimitItem): string[] {
  if (item.type === 'Pod') return brokenLimits(item, podTotals(pod))
  if (item.type !== 'Container') return []
  return containersOf(pod).flatMap(({ resources }) => brokenLimits(item, resources ?? {}))
}

/** A claim states no limits: the maximum holds for what it asks for. */
function brokenByClaim({ spec }: PersistentVolumeClaim, item: LimitItem): string[] {
  if (item.type !== 'PersistentVolumeClaim') return []
  return brokenLimits(item, { requests: spec.resources?.requests ?? {}, limits: 'none' })
}

function containersOf({ spec }: Pod): Container[] {
  return [...spec.containers, ...(spec.initContainers ?? [])]
}

/** What is stated of the whole pod (cpu and memory) comes before the containers' sum. */
function podTotals(pod: Pod): Stated {
  const total = (which: 'requests' | 'limits'): Record<string, string> => {
    const sum = aggregateContainers(pod, which)
    for (const [name, text] of Object.entries(pod.spec.resources?.[which] ?? {}))
      if (name === 'cpu' || name === 'memory') sum.set(name, Quantity.parse(text))
    return Object.fromEntries([...sum].map(([name, amount]) => [name, String(amount)]))
  }
  return { requests: total('requests'), limits: total('limits') }
}

function setDefaults(pod: Pod, items: readonly LimitItem[]): void {
  const ofContainers = items.filter(({ type }) => type === 'Container')
  const limits = Object.assign({}, ...ofContainers.map((item) => item.default)) as Amounts
  const requests = Object.assign({}, ...ofContainers.map((item) => item.defaultRequest)) as Amounts
  const { containers, initContainers = [] } = pod.spec
  const notes = [
    ...containers.flatMap((one) => fill(one, 'container', requests, limits)),
    ...initContainers.flatMap((one) => fill(one, 'init container', requests, limits)),
  ]
  if (notes.length === 0) return
  pod.metadata.annotations = {
    ...pod.metadata.annotations,
    [annotation]: `LimitRanger plugin set: ${notes.join('; ')}`,
  }
}

type Amounts = Readonly<Record<string, string>>

/** Says what it set: `cpu, memory request for container web`. */
function fill(container: Container, what: string, requests: Amounts, limits: Amounts): string[] {
  const resources = (container.resources ??= {})
  const absent = (which: 'requests' | 'limits', amounts: Amounts): string[] =>
    Object.keys(amounts).filter((name) => resources[which]?.[name] === undefined)
  const missingLimits = absent('limits', limits)
  const missingRequests = absent('requests', requests)
  if (missingLimits.length > 0) resources.limits = { ...limits, ...resources.limits }
  if (missingRequests.length > 0) resources.requests = { ...requests, ...resources.requests }
  const note = (names: string[], which: string): string[] =>
    names.length === 0
      ? []
      : [`${names.toSorted().join(', ')} ${which} for ${what} ${container.name}`]
  return [...note(missingRequests, 'request'), ...note(missingLimits, 'limit')]
}
