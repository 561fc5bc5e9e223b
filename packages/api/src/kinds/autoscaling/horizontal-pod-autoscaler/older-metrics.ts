import type {
  CrossVersionObjectReferenceV2,
  LabelSelector,
  MetricSpecV2,
  MetricTargetV2,
} from '../../../generated/types.ts'

/** A metric as version 1 writes it into an annotation: targets are flat there (autoscaling/v1 MetricSpec). */
export interface OlderMetricSpec {
  type: string
  resource?: OlderShare
  containerResource?: OlderShare & { container: string }
  pods?: { metricName: string; selector?: LabelSelector; targetAverageValue?: string }
  object?: {
    target: CrossVersionObjectReferenceV2
    metricName: string
    targetValue?: string
    selector?: LabelSelector
    averageValue?: string
  }
  external?: {
    metricName: string
    metricSelector?: LabelSelector
    targetValue?: string
    targetAverageValue?: string
  }
}

interface OlderShare {
  name: string
  targetAverageUtilization?: number
  targetAverageValue?: string
}

export function toOlderMetric(metric: MetricSpecV2): OlderMetricSpec {
  const { type, resource, containerResource, pods, object, external } = metric
  return {
    type,
    ...(object && {
      object: {
        target: object.describedObject,
        metricName: object.metric.name,
        ...stated('targetValue', object.target.value),
        ...stated('selector', object.metric.selector),
        ...stated('averageValue', object.target.averageValue),
      },
    }),
    ...(pods && {
      pods: {
        metricName: pods.metric.name,
        ...stated('selector', pods.metric.selector),
        ...stated('targetAverageValue', pods.target.averageValue),
      },
    }),
    ...(resource && { resource: { name: resource.name, ...olderShare(resource.target) } }),
    ...(containerResource && {
      containerResource: {
        name: containerResource.name,
        ...olderShare(containerResource.target),
        container: containerResource.container,
      },
    }),
    ...(external && {
      external: {
        metricName: external.metric.name,
        ...stated('metricSelector', external.metric.selector),
        ...stated('targetValue', external.target.value),
        ...stated('targetAverageValue', external.target.averageValue),
      },
    }),
  }
}

export function toNewerMetric(metric: OlderMetricSpec): MetricSpecV2 {
  const { type, resource, containerResource, pods, object, external } = metric
  return {
    type,
    ...(object && {
      object: {
        describedObject: object.target,
        metric: { name: object.metricName, ...stated('selector', object.selector) },
        target: amountTarget(object.targetValue, object.averageValue),
      },
    }),
    ...(pods && {
      pods: {
        metric: { name: pods.metricName, ...stated('selector', pods.selector) },
        target: amountTarget(undefined, pods.targetAverageValue),
      },
    }),
    ...(resource && { resource: { name: resource.name, target: shareTarget(resource) } }),
    ...(containerResource && {
      containerResource: {
        name: containerResource.name,
        target: shareTarget(containerResource),
        container: containerResource.container,
      },
    }),
    ...(external && {
      external: {
        metric: { name: external.metricName, ...stated('selector', external.metricSelector) },
        target: amountTarget(external.targetValue, external.targetAverageValue),
      },
    }),
  }
}

function olderShare({
  averageUtilization,
  averageValue,
}: MetricTargetV2): Omit<OlderShare, 'name'> {
  return {
    ...stated('targetAverageUtilization', averageUtilization),
    ...stated('targetAverageValue', averageValue),
  }
}

function shareTarget({ targetAverageUtilization, targetAverageValue }: OlderShare): MetricTargetV2 {
  return {
    type: targetAverageUtilization === undefined ? 'AverageValue' : 'Utilization',
    ...stated('averageUtilization', targetAverageUtilization),
    ...stated('averageValue', targetAverageValue),
  }
}

function amountTarget(value: string | undefined, averageValue: string | undefined): MetricTargetV2 {
  return {
    type: averageValue === undefined ? 'Value' : 'AverageValue',
    ...stated('value', value),
    ...stated('averageValue', averageValue),
  }
}

/** The field, where it says something. */
function stated<N extends string, V>(name: N, value: V | undefined): { [K in N]?: V } {
  return value === undefined ? {} : ({ [name]: value } as { [K in N]?: V })
}
