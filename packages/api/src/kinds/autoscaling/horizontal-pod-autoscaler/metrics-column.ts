import type { MetricSpecV2, MetricStatusV2, MetricTargetV2 } from '../../../generated/types.ts'

const shownMetrics = 2
const unknown = '<unknown>'

/** `cpu: 10%/80%, memory: 12Mi/1Gi + 1 more...` (printers, formatHPAMetrics). */
export function describeMetrics(
  specs: readonly MetricSpecV2[],
  statuses: readonly MetricStatusV2[],
): string {
  if (specs.length === 0) return '<none>'
  const all = specs.map((spec, i) => describeMetric(spec, statuses[i]))
  const shown = all.slice(0, shownMetrics).join(', ')
  return all.length > shownMetrics ? `${shown} + ${all.length - shownMetrics} more...` : shown
}

type Current = Partial<Pick<MetricTargetV2, 'averageUtilization' | 'averageValue' | 'value'>>

function describeMetric(spec: MetricSpecV2, status: MetricStatusV2 | undefined): string {
  switch (spec.type) {
    case 'External':
      return valueOf(spec.external!.target, status?.external?.current)
    case 'Object':
      return valueOf(spec.object!.target, status?.object?.current)
    case 'Pods':
      return `${status?.pods?.current.averageValue ?? unknown}/${spec.pods!.target.averageValue}`
    case 'Resource':
      return shareOf(spec.resource!, status?.resource?.current)
    case 'ContainerResource':
      return shareOf(spec.containerResource!, status?.containerResource?.current)
    default:
      return '<unknown type>'
  }
}

function valueOf(target: MetricTargetV2, current: Current | undefined): string {
  if (target.averageValue !== undefined)
    return `${current?.averageValue ?? unknown}/${target.averageValue} (avg)`
  return `${current ? (current.value ?? '0') : unknown}/${target.value ?? '0'}`
}

function shareOf(
  { name, target }: { readonly name: string; readonly target: MetricTargetV2 },
  current: Current | undefined,
): string {
  if (target.averageValue !== undefined)
    return `${name}: ${current ? (current.averageValue ?? '0') : unknown}/${target.averageValue}`
  const percent = (share: number | undefined, absent: string): string =>
    share === undefined ? absent : `${share}%`
  const now = percent(current?.averageUtilization, unknown)
  return `${name}: ${now}/${percent(target.averageUtilization, '<auto>')}`
}
