import type { LabelSelector } from '@kemu/api'

/** What the controller needs to know of one metric of an autoscaler (autoscaling/v2 MetricSpec). */
export interface MetricSpec {
  readonly type: string
  readonly resource?: Named
  readonly containerResource?: Named & { readonly container: string }
  readonly pods?: { readonly metric: Identifier }
  readonly object?: {
    readonly metric: Identifier
    readonly describedObject: { readonly kind: string; readonly name: string }
  }
  readonly external?: { readonly metric: Identifier }
}

interface Named {
  readonly name: string
  readonly target: { readonly averageValue?: string }
}

interface Identifier {
  readonly name: string
  readonly selector?: LabelSelector
}

/** Why a metric has no value: the event, and what the autoscaler's own error begins with. */
export interface MetricFailure {
  readonly reason: string
  readonly message: string
  readonly context: string
}

const notFound = 'the server could not find the requested resource'
const noCustomMetrics = 'no custom metrics API (custom.metrics.k8s.io) registered'

/**
 * No API of metrics is served in this cluster, as in any without metrics-server; the words are those of upstream's
 * clients when they are told so.
 */
export function metricFailure(spec: MetricSpec, namespace: string): MetricFailure {
  switch (spec.type) {
    case 'ContainerResource':
      return {
        reason: 'FailedGetContainerResourceMetric',
        message: resourceMessage(spec.containerResource!),
        context: `failed to get ${spec.containerResource!.container} container metric value`,
      }
    case 'Pods':
      return {
        reason: 'FailedGetPodsMetric',
        message: `unable to get metric ${spec.pods!.metric.name}: unable to fetch metrics from custom metrics API: ${noCustomMetrics}`,
        context: 'failed to get pods metric value',
      }
    case 'Object': {
      const { metric, describedObject } = spec.object!
      return {
        reason: 'FailedGetObjectMetric',
        message: `unable to get metric ${metric.name}: ${describedObject.kind} on ${namespace} ${describedObject.name}/unable to fetch metrics from custom metrics API: ${noCustomMetrics}`,
        context: 'failed to get object metric value',
      }
    }
    case 'External': {
      const { name, selector } = spec.external!.metric
      return {
        reason: 'FailedGetExternalMetric',
        message: `unable to get external metric ${namespace}/${name}/${goSelector(selector)}: unable to fetch metrics from external metrics API: ${notFound} (get ${name}.external.metrics.k8s.io)`,
        context: `failed to get ${name} external metric value`,
      }
    }
    default:
      return {
        reason: 'FailedGetResourceMetric',
        message: resourceMessage(spec.resource!),
        context: `failed to get ${spec.resource!.name} resource metric value`,
      }
  }
}

function resourceMessage({ name, target }: Named): string {
  const what = target.averageValue === undefined ? 'utilization' : 'usage'
  return `failed to get ${name} ${what}: unable to get metrics for resource ${name}: unable to fetch metrics from resource metrics API: ${notFound} (get pods.metrics.k8s.io)`
}

/** As Go prints a *LabelSelector. */
function goSelector(selector: LabelSelector | undefined): string {
  if (!selector) return 'nil'
  const labels = Object.entries(selector.matchLabels ?? {})
    .toSorted(([one], [other]) => (one < other ? -1 : 1))
    .map(([key, value]) => `${key}: ${value},`)
  const requirements = (selector.matchExpressions ?? []).map(
    ({ key, operator, values }) =>
      `LabelSelectorRequirement{Key:${key},Operator:${operator},Values:[${(values ?? []).join(' ')}],}`,
  )
  const shown = requirements.map((text) => `${text},`).join('')
  return `&LabelSelector{MatchLabels:map[string]string{${labels.join('')}},MatchExpressions:[]LabelSelectorRequirement{${shown}},}`
}
