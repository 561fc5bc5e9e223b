import type {
  HorizontalPodAutoscaler,
  HorizontalPodAutoscalerV2,
  MetricSpecV2,
  MetricStatusV2,
} from '../../../generated/types.ts'
import { horizontalPodAutoscalers } from '../../../resources.ts'
import type { StoredForm } from '../../kind-definition.ts'
import { cpuMetric, defaultUtilization } from './defaults.ts'
import { toNewerMetric, toOlderMetric } from './older-metrics.ts'
import type { OlderMetricSpec } from './older-metrics.ts'

const prefix = 'autoscaling.alpha.kubernetes.io/'

/** Stored in version 2, whichever it came by. */
export const autoscalerStoredForm: StoredForm = {
  type: horizontalPodAutoscalers,
  toStored: (object) => toNewer(object as HorizontalPodAutoscaler),
  fromStored: (object) => toOlder(object as HorizontalPodAutoscalerV2),
  storedField: (field) => field,
}

type Condition = NonNullable<NonNullable<HorizontalPodAutoscalerV2['status']>['conditions']>[number]

/** autoscaling/v1's conversion: annotations become fields again. */
export function toNewer(older: HorizontalPodAutoscaler): HorizontalPodAutoscalerV2 {
  const { targetCPUUtilizationPercentage: share, ...spec } = older.spec
  const { currentCPUUtilizationPercentage, currentReplicas, ...status } = older.status ?? {}
  const { annotations = {}, ...metadata } = older.metadata
  const read = (name: string): unknown => readJson(annotations[prefix + name])
  const others = (read('metrics') as OlderMetricSpec[] | undefined)?.map(toNewerMetric) ?? []
  const metrics = [...others, ...(share === undefined ? [] : [cpuMetric(share)])]
  const behavior = read('behavior') as object | undefined
  const currentMetrics = read('current-metrics') as MetricStatusV2[] | undefined
  const conditions = read('conditions') as object[] | undefined
  const kept = withoutRoundTrip(annotations)
  return {
    ...older,
    apiVersion: 'autoscaling/v2',
    metadata: { ...metadata, ...(kept && { annotations: kept }) },
    spec: {
      ...spec,
      metrics: metrics.length > 0 ? metrics : [cpuMetric(defaultUtilization)],
      ...(behavior && { behavior }),
    },
    status: {
      currentMetrics: null,
      ...status,
      // Version 2 leaves a zero out, version 1 writes it.
      ...(currentReplicas && { currentReplicas }),
      ...(currentCPUUtilizationPercentage !== undefined && {
        currentMetrics: [cpuStatus(currentCPUUtilizationPercentage)],
      }),
      ...(currentMetrics && { currentMetrics }),
      ...(conditions && { conditions }),
    },
  } as unknown as HorizontalPodAutoscalerV2
}

/** Fields that version 1 does not have become annotations. */
export function toOlder(newer: HorizontalPodAutoscalerV2): HorizontalPodAutoscaler {
  const { metrics = [], behavior, ...spec } = newer.spec
  const { currentMetrics, conditions, ...status } = newer.status ?? {}
  const { annotations = {}, ...metadata } = newer.metadata
  const share = metrics.map(utilizationOf).find((found) => found !== undefined)
  const others = metrics.filter((metric) => utilizationOf(metric) === undefined).map(toOlderMetric)
  const added: Record<string, string> = {}
  const write = (name: string, value: unknown): void => {
    if (Array.isArray(value) ? value.length > 0 : value !== undefined)
      added[prefix + name] = JSON.stringify(value)
  }
  write('metrics', others)
  write('current-metrics', currentMetrics ?? [])
  write('behavior', behavior)
  write('conditions', conditions?.map(inFieldOrder))
  const all = { ...withoutRoundTrip(annotations), ...added }
  const current = currentMetrics?.find(({ resource }) => resource?.name === 'cpu')?.resource
  const used = current?.current.averageUtilization
  return {
    ...newer,
    apiVersion: 'autoscaling/v1',
    metadata: { ...metadata, ...(Object.keys(all).length > 0 && { annotations: all }) },
    spec: { ...spec, ...(share !== undefined && { targetCPUUtilizationPercentage: share }) },
    status: {
      currentReplicas: 0,
      ...status,
      ...(used !== undefined && { currentCPUUtilizationPercentage: used }),
    },
  }
}

/** A condition with its fields in the order in which the annotation has them. */
function inFieldOrder({ type, status, lastTransitionTime, reason, message }: Condition): Condition {
  return { type, status, lastTransitionTime, reason, message }
}

function utilizationOf({ type, resource }: MetricSpecV2): number | undefined {
  if (type !== 'Resource' || resource?.name !== 'cpu') return undefined
  return resource.target.averageUtilization
}

function cpuStatus(averageUtilization: number): MetricStatusV2 {
  const current = { averageUtilization, averageValue: '0' }
  return { type: 'Resource', resource: { name: 'cpu', current } }
}

function withoutRoundTrip(
  annotations: Readonly<Record<string, string>>,
): Record<string, string> | undefined {
  const own = new Set(['metrics', 'current-metrics', 'conditions', 'behavior'])
  const kept = Object.entries(annotations).filter(
    ([name]) => !(name.startsWith(prefix) && own.has(name.slice(prefix.length))),
  )
  return kept.length === 0 ? undefined : Object.fromEntries(kept)
}

/** An annotation that cannot be read says nothing, as upstream has it. */
function readJson(text: string | undefined): unknown {
  if (text === undefined) return undefined
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
