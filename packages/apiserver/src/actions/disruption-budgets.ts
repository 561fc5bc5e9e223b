import {
  deepCopy,
  forbidden,
  formatTime,
  podDisruptionBudgets,
  selectorOf,
  statusError,
} from '@kemu/api'
import type { Pod, PodDisruptionBudget, StatusError } from '@kemu/api'
import { AdmissionChain } from '../admission/admission.ts'
import type { Catalog } from '../registry/catalog.ts'
import { Lookup } from '../registry/lookup.ts'
import { objectKeyOf } from '../registry/object-reader.ts'
import type { WriteContext } from '../registry/write-context.ts'
import { systemUser } from '../request/user-info.ts'

/** MaxDisruptedPodSize: evictions that the disruption controller has not confirmed. */
const disruptedMax = 2_000
const retryAfterSeconds = 10

/** The budgets whose selector the pod matches. */
export async function budgetsOf(catalog: Catalog, pod: Pod): Promise<PodDisruptionBudget[]> {
  const { namespace = '', labels } = pod.metadata
  const all = await new Lookup(catalog).all(podDisruptionBudgets, namespace)
  return all.filter(({ spec }) => spec.selector && selectorOf(spec.selector).matches(labels))
}

/** Whether the eviction of a pod that is not ready costs the budget nothing (KEP-3017). */
export function isFreeWhenUnhealthy({ spec, status }: PodDisruptionBudget): boolean {
  if (spec.unhealthyPodEvictionPolicy === 'AlwaysAllow') return true
  const { currentHealthy = 0, desiredHealthy = 0 } = status
  return desiredHealthy > 0 && currentHealthy >= desiredHealthy
}

/**
 * Takes one disruption from the budget as the store has it: of two evictions the second sees what the first took.
 * @throws StatusError TooManyRequests when none is left.
 */
export async function payDisruption(
  catalog: Catalog,
  { metadata }: PodDisruptionBudget,
  podName: string,
  { dryRun, nowMs }: WriteContext,
): Promise<void> {
  const { namespace = '', name } = metadata
  const { group, version, resource } = podDisruptionBudgets
  await catalog
    .storeOf(podDisruptionBudgets)
    .updater.update(
      objectKeyOf({ namespace, name }),
      (old) => charged(old as PodDisruptionBudget, podName, nowMs),
      chargeRules,
      {
        path: { group, version, resource, namespace, name, subresource: 'status' },
        user: systemUser,
        dryRun,
        nowMs,
        warnings: [],
        admission: new AdmissionChain([]),
        podLoopbackRange: undefined,
        fieldManager: 'kube-apiserver',
      },
    )
}

const chargeRules = {
  prepareForUpdate: () => {},
  validateUpdate: () => [],
  allowCreateOnUpdate: false,
  allowUnconditionalUpdate: true,
}

function charged(old: PodDisruptionBudget, podName: string, nowMs: number): PodDisruptionBudget {
  const { metadata, status } = old
  const { disruptionsAllowed = 0, disruptedPods = {} } = status
  if ((status.observedGeneration ?? 0) < (metadata.generation ?? 0))
    throw stillProcessed(metadata.name)
  if (disruptionsAllowed < 0)
    throw forbidden(kind, metadata.name, 'pdb disruptions allowed is negative')
  if (Object.keys(disruptedPods).length > disruptedMax) {
    const why = 'DisruptedPods map too big - too many evictions not confirmed by PDB controller'
    throw forbidden(kind, metadata.name, why)
  }
  if (disruptionsAllowed === 0) throw refused(whyNone(old))
  const budget = deepCopy(old)
  budget.status.disruptionsAllowed = disruptionsAllowed - 1
  budget.status.disruptedPods = { ...disruptedPods, [podName]: formatTime(nowMs) }
  if (disruptionsAllowed === 1) {
    const condition = (budget.status.conditions ?? []).find(
      ({ type }) => type === 'DisruptionAllowed',
    )
    if (condition) {
      condition.status = 'False'
      condition.reason = 'InsufficientPods'
      condition.lastTransitionTime = formatTime(nowMs)
    }
  }
  return budget
}

const kind = { group: 'policy', resource: 'poddisruptionbudget' }

/** In the words of EvictionREST.checkAndDecrement. */
function whyNone({ metadata: { name }, status }: PodDisruptionBudget): string {
  const { currentHealthy = 0, desiredHealthy = 0, conditions = [] } = status
  const allowed = conditions.find(({ type }) => type === 'DisruptionAllowed')
  const message = allowed?.status === 'False' ? allowed.message : ''
  const subject = `The disruption budget ${name}`
  if (message !== '' && allowed?.reason === 'SyncFailed')
    return `${subject} does not allow evicting pods currently because it failed sync: ${message}`
  if (currentHealthy <= desiredHealthy)
    return `${subject} needs ${desiredHealthy} healthy pods and has ${currentHealthy} currently`
  const sentence = `${subject} does not allow evicting pods currently`
  return message === '' ? sentence : `${sentence} (${allowed?.reason ?? ''}): ${message}`
}

/** The budget has changed, and the disruption controller has not yet counted for it. */
export function stillProcessed(name: string): StatusError {
  const why = `The disruption budget ${name} is still being processed by the server.`
  return refused(why, retryAfterSeconds)
}

function refused(message: string, seconds?: number): StatusError {
  const sentence = "Cannot evict pod as it would violate the pod's disruption budget."
  return statusError('TooManyRequests', sentence, {
    ...(seconds !== undefined && { retryAfterSeconds: seconds }),
    causes: [{ reason: 'DisruptionBudget', message }],
  })
}
