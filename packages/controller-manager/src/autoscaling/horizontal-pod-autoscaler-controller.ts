import {
  formatTime,
  horizontalPodAutoscalers,
  isNotFound,
  objectKey,
  parseApiVersion,
  parseSelector,
  pods,
} from '@kemu/api'
import type { HorizontalPodAutoscalerV2, KubeObject, Pod, ResourceType } from '@kemu/api'
import type { Informer } from '@kemu/client'
import { Controller, done, OneQueueController, requeueAfter } from '@kemu/controller-runtime'
import type { Result } from '@kemu/controller-runtime'
import { workersOf } from '../controller-deps.ts'
import type { ControllerDeps } from '../controller-deps.ts'
import type { Discovery } from '../discovery/discovery.ts'
import { metricFailure } from './metric-errors.ts'

type Autoscaler = HorizontalPodAutoscalerV2
type Condition = NonNullable<Autoscaler['status']['conditions']>[number]

interface Scale extends KubeObject {
  spec?: { replicas?: number }
  status?: { replicas: number; selector?: string }
}

/** A pass over one autoscaler that ends here, with what its status says. */
interface Outcome {
  readonly status: Autoscaler['status']
}

/**
 * Keeps workloads between an autoscaler's bounds. No API of metrics is served, so nothing can be measured: between the
 * bounds it says so, in status and events, and leaves the workload alone, as upstream does without metrics-server.
 */
export class HorizontalPodAutoscalerController extends OneQueueController {
  readonly #deps: ControllerDeps
  readonly #discovery: Discovery
  readonly #periodMs: number
  readonly #autoscalers: Informer<Autoscaler>
  readonly #pods: Informer<Pod>
  protected readonly controller: Controller
  /** What each autoscaler's target selects, as last seen. */
  readonly #selectors = new Map<string, string>()

  constructor(deps: ControllerDeps, discovery: Discovery, periodMs: number) {
    super()
    this.#deps = deps
    this.#discovery = discovery
    this.#periodMs = periodMs
    this.#autoscalers = deps.informers.of(horizontalPodAutoscalers)
    this.#pods = deps.informers.of(pods)
    this.controller = new Controller(
      {
        name: 'horizontalpodautoscaler',
        sources: [this.#autoscalers, this.#pods],
        ...workersOf(deps),
        reconcile: (key) => this.#reconcile(key),
      },
      deps,
    )
    this.#autoscalers.addHandler({
      // Upstream's queue, too, lets a period pass first.
      add: (object) => this.controller.enqueueAfter(objectKey(object), periodMs),
      remove: (object) => this.#selectors.delete(objectKey(object)),
    })
  }

  override async close(): Promise<void> {
    await super.close()
    this.#discovery.close()
  }

  async #reconcile(key: string): Promise<Result> {
    const autoscaler = this.#autoscalers.lister.get(key)
    if (!autoscaler) return done
    const { status } = await this.#pass(autoscaler)
    if (JSON.stringify(status) !== JSON.stringify(autoscaler.status))
      await this.#deps.client
        .resource(horizontalPodAutoscalers, autoscaler.metadata.namespace)
        .updateStatus({ ...autoscaler, status })
    return requeueAfter(this.#periodMs)
  }

  async #pass(autoscaler: Autoscaler): Promise<Outcome> {
    const { namespace = '' } = autoscaler.metadata
    const { scaleTargetRef, maxReplicas, minReplicas = 1 } = autoscaler.spec
    let target: { readonly type: ResourceType; readonly scale: Scale }
    try {
      target = await this.#target(namespace, scaleTargetRef)
    } catch (error) {
      const { message } = error as Error
      this.#tell(autoscaler, 'Warning', 'FailedGetScale', message)
      const why = `the HPA controller was unable to get the target's current scale: ${message}`
      return this.#outcome(autoscaler, {}, able('False', 'FailedGetScale', why))
    }
    const current = target.scale.spec?.replicas ?? 0
    const got = able(
      'True',
      'SucceededGetScale',
      "the HPA controller was able to get the target's current scale",
    )
    if (current === 0 && minReplicas !== 0)
      return this.#outcome(autoscaler, { currentReplicas: 0, desiredReplicas: 0 }, got, disabled)
    if (current > maxReplicas)
      return this.#rescale(autoscaler, target, maxReplicas, 'above Spec.MaxReplicas')
    if (current < minReplicas)
      return this.#rescale(autoscaler, target, minReplicas, 'below Spec.MinReplicas')
    return this.#unmeasured(autoscaler, target.scale, got)
  }

  /** Throws what the server, or its list of kinds, says. */
  async #target(
    namespace: string,
    { apiVersion = '', kind, name }: Autoscaler['spec']['scaleTargetRef'],
  ): Promise<{ type: ResourceType; scale: Scale }> {
    const { group } = parseApiVersion(apiVersion)
    const { resources } = await this.#discovery.served()
    const type = resources.find((served) => served.group === group && served.kind === kind)
    if (!type)
      throw new Error(
        `no matches for kind ${JSON.stringify(kind)} in group ${JSON.stringify(group)}`,
      )
    const { version, resource } = type
    const path = { group, version, resource, namespace, name, subresource: 'scale' }
    const scale = (await this.#deps.client.transport.get(path)) as Scale
    return { type, scale }
  }

  async #rescale(
    autoscaler: Autoscaler,
    { type, scale }: { readonly type: ResourceType; readonly scale: Scale },
    replicas: number,
    why: string,
  ): Promise<Outcome> {
    const current = scale.spec?.replicas ?? 0
    const reason = `Current number of replicas ${why}`
    const { namespace = '' } = autoscaler.metadata
    try {
      await this.#deps.client
        .resource(type, namespace)
        .updateSubresource(scale.metadata.name, 'scale', { ...scale, spec: { replicas } })
    } catch (error) {
      const { message } = error as Error
      if (isNotFound(error)) return this.#outcome(autoscaler, {})
      this.#tell(
        autoscaler,
        'Warning',
        'FailedRescale',
        `New size: ${replicas}; reason: ${reason}; error: ${message}`,
      )
      const failed = `the HPA controller was unable to update the target scale: ${message}`
      return this.#outcome(
        autoscaler,
        { currentReplicas: current },
        able('False', 'FailedUpdateScale', failed),
      )
    }
    this.#tell(
      autoscaler,
      'Normal',
      'SuccessfulRescale',
      `New size: ${replicas}; reason: ${reason}`,
    )
    const succeeded = `the HPA controller was able to update the target scale to ${replicas}`
    const lastScaleTime = formatTime(this.#deps.clock.now())
    return this.#outcome(
      autoscaler,
      { currentReplicas: current, desiredReplicas: replicas, lastScaleTime },
      able('True', 'SucceededRescale', succeeded),
    )
  }

  /** Between its bounds a workload needs measurements, which nobody gives. */
  #unmeasured(autoscaler: Autoscaler, scale: Scale, got: Condition): Outcome {
    const { namespace = '' } = autoscaler.metadata
    const metrics = autoscaler.spec.metrics ?? []
    const currentReplicas = scale.spec?.replicas ?? 0
    const rivals = this.#rivals(autoscaler, scale.status?.selector ?? '')
    if (rivals.length > 1) {
      const message = `pods by selector ${scale.status?.selector ?? ''} are controlled by multiple HPAs: [${rivals.join(' ')}]`
      this.#tell(autoscaler, 'Warning', 'AmbiguousSelector', message)
      this.#tell(autoscaler, 'Warning', 'FailedComputeMetricsReplicas', message)
      const inactive = active('AmbiguousSelector', message)
      return this.#outcome(autoscaler, { currentReplicas, currentMetrics: [] }, got, inactive)
    }
    const failures = metrics.map((metric) => metricFailure(metric, namespace))
    for (const { reason, message } of failures) this.#tell(autoscaler, 'Warning', reason, message)
    const [first] = failures
    if (!first) return this.#outcome(autoscaler, { currentReplicas }, got)
    this.#tell(
      autoscaler,
      'Warning',
      'FailedComputeMetricsReplicas',
      `invalid metrics (${metrics.length} invalid out of ${metrics.length}), first error is: ${first.context}: ${first.message}`,
    )
    const currentMetrics = metrics.map(() => ({ type: '' }))
    const why = `the HPA was unable to compute the replica count: ${first.message}`
    return this.#outcome(
      autoscaler,
      { currentReplicas, currentMetrics },
      got,
      active(first.reason, why),
    )
  }

  /** Autoscalers whose targets select one of these pods, itself included. */
  #rivals({ metadata }: Autoscaler, selector: string): string[] {
    const { namespace = '' } = metadata
    this.#selectors.set(objectKey({ metadata } as KubeObject), selector)
    const matches = parseSelector(selector)
    const selected = this.#pods.lister
      .inNamespace(namespace)
      .filter((pod) => matches.matches(pod.metadata.labels ?? {}))
    return [...this.#selectors]
      .filter(([key, text]) => {
        const other = parseSelector(text)
        const isNear = key.startsWith(`${namespace}/`)
        return isNear && selected.some((pod) => other.matches(pod.metadata.labels ?? {}))
      })
      .map(([key]) => key)
      .toSorted()
  }

  #tell(autoscaler: Autoscaler, type: 'Normal' | 'Warning', reason: string, message: string): void {
    this.#deps.recorder.record(autoscaler, type, reason, message)
  }

  #outcome(
    { status }: Autoscaler,
    change: Partial<Autoscaler['status']>,
    ...conditions: Condition[]
  ): Outcome {
    const now = formatTime(this.#deps.clock.now())
    const merged = [...(status?.conditions ?? [])]
    for (const condition of conditions) {
      const at = merged.findIndex(({ type }) => type === condition.type)
      const before = merged[at]
      const lastTransitionTime =
        before?.status === condition.status ? (before.lastTransitionTime ?? now) : now
      const next = { ...condition, lastTransitionTime }
      if (at < 0) merged.push(next)
      else merged[at] = next
    }
    return { status: { ...status, ...change, conditions: merged } }
  }
}

function able(status: 'True' | 'False', reason: string, message: string): Condition {
  return { type: 'AbleToScale', status, reason, message }
}

function active(reason: string, message: string): Condition {
  return { type: 'ScalingActive', status: 'False', reason, message }
}

const disabled = active(
  'ScalingDisabled',
  'scaling is disabled since the replica count of the target is zero',
)
