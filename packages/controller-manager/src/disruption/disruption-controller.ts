import {
  deployments,
  objectKey,
  podDisruptionBudgets,
  pods,
  replicaSets,
  replicationControllers,
  selectorOf,
  statefulSets,
} from '@kemu/api'
import type { LabelSelector, Pod, PodDisruptionBudget } from '@kemu/api'
import type { Informer } from '@kemu/client'
import { Controller, done, OneQueueController, requeueAfter } from '@kemu/controller-runtime'
import type { Result } from '@kemu/controller-runtime'
import type { ControllerDeps } from '../controller-deps.ts'
import { expectedScale, ScaleError } from './expected-scale.ts'
import type { PodScale, ScaleListers } from './expected-scale.ts'
import { needsScale, planDisruptions, withCondition } from './plan-disruptions.ts'

/** Counts what PodDisruptionBudgets allow; evictions ask their status. */
export class DisruptionController extends OneQueueController {
  readonly #deps: ControllerDeps
  readonly #budgets: Informer<PodDisruptionBudget>
  readonly #pods: Informer<Pod>
  readonly #listers: ScaleListers
  protected readonly controller: Controller

  constructor(deps: ControllerDeps) {
    super()
    const { informers } = deps
    this.#deps = deps
    this.#budgets = informers.of(podDisruptionBudgets)
    this.#pods = informers.of(pods)
    const owners = {
      deployments: informers.of(deployments),
      replicaSets: informers.of(replicaSets),
      replicationControllers: informers.of(replicationControllers),
      statefulSets: informers.of(statefulSets),
    }
    this.#listers = {
      deployments: owners.deployments.lister,
      replicaSets: owners.replicaSets.lister,
      replicationControllers: owners.replicationControllers.lister,
      statefulSets: owners.statefulSets.lister,
    }
    this.controller = new Controller(
      {
        name: 'disruption',
        sources: [this.#budgets, this.#pods, ...Object.values(owners)],
        workers: 1,
        reconcile: (key) => this.#reconcile(key),
      },
      deps,
    )
    this.#listen()
  }

  #listen(): void {
    const enqueue = (budget: PodDisruptionBudget): void =>
      this.controller.enqueue(objectKey(budget))
    this.controller.follow(this.#budgets)
    const onPod = (...versions: readonly Pod[]): void => {
      const namespace = versions[0]!.metadata.namespace ?? ''
      for (const budget of this.#budgets.lister.inNamespace(namespace))
        if (versions.some((pod) => covers(budget, pod))) enqueue(budget)
    }
    this.#pods.addHandler({ add: onPod, update: onPod, remove: onPod })
  }

  async #reconcile(key: string): Promise<Result> {
    const budget = this.#budgets.lister.get(key)
    if (!budget) return done
    const { recorder, clock } = this.#deps
    const namespace = budget.metadata.namespace ?? ''
    const own = this.#pods.lister.inNamespace(namespace).filter((pod) => covers(budget, pod))
    if (own.length === 0) recorder.record(budget, 'Normal', 'NoPods', 'No matching pods found')
    let scale: PodScale
    try {
      scale = needsScale(budget)
        ? expectedScale(own, this.#listers)
        : { count: own.length, unmanaged: [] }
    } catch (error) {
      if (!(error instanceof ScaleError)) throw error
      await this.#failSafe(budget, error)
      return done
    }
    if (scale.unmanaged.length > 0)
      recorder.record(budget, 'Warning', 'UnmanagedPods', unmanagedText(budget.spec.selector))
    const plan = planDisruptions(budget, own, scale, clock.now())
    for (const pod of plan.overdue) {
      const text = `Pod was expected by PDB ${namespace}/${namespace} to be deleted but it wasn't`
      recorder.record(pod, 'Warning', 'NotDeleted', text)
    }
    if (plan.status !== budget.status) await this.#write({ ...budget, status: plan.status })
    return plan.recheckInMs === undefined ? done : requeueAfter(plan.recheckInMs)
  }

  /** What cannot be counted allows nothing. */
  async #failSafe(budget: PodDisruptionBudget, { message }: ScaleError): Promise<void> {
    const { recorder, clock } = this.#deps
    const words = `Failed to calculate the number of expected pods: ${message}`
    recorder.record(budget, 'Warning', 'CalculateExpectedPodCountFailed', words)
    const { conditions = [], observedGeneration = 0 } = budget.status
    const before = conditions.find(({ type }) => type === 'DisruptionAllowed')
    if (before?.reason === 'SyncFailed' && before.message === message) return
    const why = { reason: 'SyncFailed', message }
    const next = withCondition(conditions, false, why, observedGeneration, clock.now())
    const status = { ...budget.status, conditions: next, disruptionsAllowed: 0 }
    await this.#write({ ...budget, status })
  }

  async #write(budget: PodDisruptionBudget): Promise<void> {
    const { namespace } = budget.metadata
    await this.#deps.client.resource(podDisruptionBudgets, namespace).updateStatus(budget)
  }
}

/** A budget without a selector covers nothing, one with an empty selector everything. */
function covers({ spec }: PodDisruptionBudget, { metadata }: Pod): boolean {
  return spec.selector !== undefined && selectorOf(spec.selector).matches(metadata.labels)
}

function unmanagedText(selector: LabelSelector | undefined): string {
  return (
    `Pods selected by this PodDisruptionBudget (selector: ${goSelector(selector)}) were found to be unmanaged. ` +
    'As a result, the status of the PDB cannot be calculated correctly, which may result in undefined behavior. ' +
    'To account for these pods please set ".spec.minAvailable" field of the PDB to an integer value.'
  )
}

/** As Go prints the struct. */
function goSelector({ matchLabels = {}, matchExpressions = [] }: LabelSelector = {}): string {
  const labels = Object.entries(matchLabels)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([key, value]) => `${key}: ${value},`)
  const expressions = matchExpressions.map(
    ({ key, operator, values = [] }) =>
      `LabelSelectorRequirement{Key:${key},Operator:${operator},Values:[${values.join(' ')}],},`,
  )
  return (
    `&LabelSelector{MatchLabels:map[string]string{${labels.join('')}},` +
    `MatchExpressions:[]LabelSelectorRequirement{${expressions.join('')}},}`
  )
}
