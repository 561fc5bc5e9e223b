import type { Pod, ScopedResourceSelectorRequirement } from '../generated/types.ts'
import type { KubeObject } from '../object.ts'
import { Quantity } from '../quantity.ts'
import { qosClassOf } from '../pod/qos-class.ts'
import { aggregateContainers } from '../pod/resource-amounts.ts'
import type { Quantities } from '../pod/resource-amounts.ts'
import { addAmounts, one } from './amounts.ts'
import type { Amounts } from './amounts.ts'
import type { QuotaChange, QuotaEvaluator } from './quota-evaluator.ts'
import { matchesValue } from './scope-selector.ts'

const compute = ['cpu', 'memory', 'ephemeral-storage'] as const
const names: ReadonlySet<string> = new Set([
  'count/pods',
  'pods',
  ...compute,
  ...compute.flatMap((name) => [`requests.${name}`, `limits.${name}`]),
])
/** Where a quota counts these, each container must state them (upstream calls it a mistake to keep). */
const mustBeStated: ReadonlySet<string> = new Set([
  'cpu',
  'memory',
  'requests.cpu',
  'requests.memory',
  'limits.cpu',
  'limits.memory',
])

/** Counts pods, and what those that are not over ask for. */
export const podEvaluator: QuotaEvaluator = {
  group: '',
  resource: 'pods',
  handles({ operation, subresource, object, old }: QuotaChange): boolean {
    if (subresource === 'resize') return operation === 'UPDATE'
    if (subresource !== '') return false
    return operation === 'CREATE' || isTerminating(old as Pod) !== isTerminating(object as Pod)
  },
  counted: (asked) =>
    asked.filter(
      (name) => names.has(name) || /^(requests\.)?hugepages-/.test(name) || isExtended(name),
    ),
  isInScope: (selector, object) => isInScope(selector, object as Pod),
  missing: (asked, object) => missing(asked, object as Pod),
  usage: (object: KubeObject, nowMs) => usage(object as Pod, nowMs),
}

/** `requests.example.com/gpu`: overcommitment of such resources is not known, so only requests count. */
function isExtended(name: string): boolean {
  const rest = name.startsWith('requests.') ? name.slice('requests.'.length) : ''
  return rest.includes('/') && !rest.includes('kubernetes.io/')
}

export function isTerminating({ spec }: Pod): boolean {
  return spec.activeDeadlineSeconds !== undefined && spec.activeDeadlineSeconds >= 0
}

/** Neither over nor stuck in its end: pods of a lost node must not keep others from being made. */
export function isCountedPod({ metadata, status }: Pod, nowMs: number): boolean {
  if (status?.phase === 'Failed' || status?.phase === 'Succeeded') return false
  const { deletionTimestamp, deletionGracePeriodSeconds } = metadata
  if (deletionTimestamp === undefined || deletionGracePeriodSeconds === undefined) return true
  return nowMs <= Date.parse(deletionTimestamp) + deletionGracePeriodSeconds * 1000
}

function isInScope(selector: ScopedResourceSelectorRequirement, pod: Pod): boolean {
  switch (selector.scopeName) {
    case 'Terminating':
      return isTerminating(pod)
    case 'NotTerminating':
      return !isTerminating(pod)
    case 'BestEffort':
      return qosClassOf(pod) === 'BestEffort'
    case 'NotBestEffort':
      return qosClassOf(pod) !== 'BestEffort'
    case 'PriorityClass':
      return matchesValue(selector, pod.spec.priorityClassName)
    case 'CrossNamespacePodAffinity':
      return crossesNamespaces(pod)
    default:
      return false
  }
}

function crossesNamespaces({ spec }: Pod): boolean {
  const { podAffinity, podAntiAffinity } = spec.affinity ?? {}
  return [podAffinity, podAntiAffinity].some((affinity) =>
    [
      ...(affinity?.requiredDuringSchedulingIgnoredDuringExecution ?? []),
      ...(affinity?.preferredDuringSchedulingIgnoredDuringExecution ?? []).map(
        ({ podAffinityTerm }) => podAffinityTerm,
      ),
    ].some((term) => (term.namespaces ?? []).length > 0 || term.namespaceSelector !== undefined),
  )
}

/** `must specify limits.cpu for: a,b; requests.cpu for: a` */
function missing(asked: readonly string[], pod: Pod): string | undefined {
  const { requests = {}, limits = {} } = pod.spec.resources ?? {}
  if (Object.keys(requests).length + Object.keys(limits).length > 0) return undefined
  const wanted = asked.filter((name) => mustBeStated.has(name)).toSorted()
  const containers = [...(pod.spec.containers ?? []), ...(pod.spec.initContainers ?? [])]
  const complaints = wanted.flatMap((name) => {
    const silent = containers.filter(({ resources }) => !states(resources ?? {}, name))
    const who = silent.map((container) => container.name).toSorted()
    return who.length === 0 ? [] : [`${name} for: ${who.join(',')}`]
  })
  return complaints.length === 0 ? undefined : `must specify ${complaints.join('; ')}`
}

type Stated = Readonly<Partial<Record<'requests' | 'limits', Readonly<Record<string, string>>>>>

function states({ requests = {}, limits = {} }: Stated, name: string): boolean {
  if (name.startsWith('limits.')) return limits[name.slice('limits.'.length)] !== undefined
  return requests[name.replace(/^requests\./, '')] !== undefined
}

function usage(pod: Pod, nowMs: number): Amounts {
  const counted = new Map([['count/pods', one]])
  if (!isCountedPod(pod, nowMs)) return counted
  const amounts: Quantities = new Map([['pods', one]])
  for (const [name, amount] of podTotal(pod, 'requests')) {
    if (compute.some((own) => own === name) || name.startsWith('hugepages-')) {
      amounts.set(name, amount)
      amounts.set(`requests.${name}`, amount)
    } else if (name.includes('/')) amounts.set(`requests.${name}`, amount)
  }
  for (const [name, amount] of podTotal(pod, 'limits'))
    if (compute.some((own) => own === name)) amounts.set(`limits.${name}`, amount)
  return addAmounts(counted, amounts)
}

/** Containers together, what is stated of the whole pod, and the overhead. */
function podTotal(pod: Pod, which: 'requests' | 'limits'): Amounts {
  const total = aggregateContainers(pod, which)
  for (const [name, text] of Object.entries(pod.spec.resources?.[which] ?? {}))
    total.set(name, Quantity.parse(text))
  for (const [name, text] of Object.entries(pod.spec.overhead ?? {})) {
    const present = total.get(name)
    // Overhead is added to a limit only where there is one.
    if (present || which === 'requests')
      total.set(name, present?.add(Quantity.parse(text)) ?? Quantity.parse(text))
  }
  return total
}
