import type {
  ContainerResourceMetricSourceV2,
  ExternalMetricSourceV2,
  MetricIdentifierV2,
  MetricSpecV2,
  MetricTargetV2,
  ObjectMetricSourceV2,
  PodsMetricSourceV2,
  ResourceMetricSourceV2,
} from '../../../generated/types.ts'
import { Quantity } from '../../../quantity.ts'
import type { FieldError } from '../../../status-error.ts'
import {
  fieldForbidden,
  fieldInvalid,
  fieldNotSupported,
  fieldRequired,
} from '../../../validation/field-error.ts'
import type { FieldPath } from '../../../validation/field-path.ts'
import { checkDns1123Label, checkPathSegmentName } from '../../../validation/name-rules.ts'
import { validateContainerResourceName } from '../../resource-rules/names.ts'
import { validateReference } from './reference-validation.ts'

/** The field that goes with each type, in the order in which they are looked at. */
const fieldOfType = {
  Object: 'object',
  External: 'external',
  Pods: 'pods',
  Resource: 'resource',
  ContainerResource: 'containerResource',
} as const
const types = ['ContainerResource', 'External', 'Object', 'Pods', 'Resource']

export function validateMetrics(metrics: readonly MetricSpecV2[], path: FieldPath): FieldError[] {
  return metrics.flatMap((metric, i) => validateMetric(metric, path.index(i)))
}

function validateMetric(metric: MetricSpecV2, path: FieldPath): FieldError[] {
  const errors: FieldError[] = []
  const { type } = metric
  const isKnown = types.includes(type)
  if (!type) errors.push(fieldRequired(path.child('type'), 'must specify a metric source type'))
  if (!isKnown) errors.push(fieldNotSupported(path.child('type'), type, types))
  const present = Object.values(fieldOfType).filter((field) => metric[field] !== undefined)
  const [first] = present
  if (first) errors.push(...validateSource(metric, first, path.child(first)))
  const expected = isKnown ? fieldOfType[type as keyof typeof fieldOfType] : undefined
  if (!expected) errors.push(fieldNotSupported(path.child('type'), type, types))
  else if (metric[expected] === undefined)
    errors.push(
      fieldRequired(path.child(expected), 'must populate information for the given metric source'),
    )
  if (present.length === 1) return errors
  const others = present.filter((field) => field !== expected)
  return [
    ...errors,
    ...others.map((field) =>
      fieldForbidden(path.child(field), 'must populate the given metric source only'),
    ),
  ]
}

function validateSource(
  metric: MetricSpecV2,
  field: (typeof fieldOfType)[keyof typeof fieldOfType],
  path: FieldPath,
): FieldError[] {
  switch (field) {
    case 'object':
      return validateObject(metric.object!, path)
    case 'external':
      return validateExternal(metric.external!, path)
    case 'pods':
      return validatePods(metric.pods!, path)
    case 'resource':
      return validateResource(metric.resource!, path)
    case 'containerResource':
      return validateContainerResource(metric.containerResource!, path)
  }
}

function validateObject(
  { describedObject, metric, target }: ObjectMetricSourceV2,
  path: FieldPath,
): FieldError[] {
  const hasTarget = target.value !== undefined || target.averageValue !== undefined
  return [
    ...validateReference(describedObject, path.child('describedObject'), false),
    ...validateIdentifier(metric, path.child('metric')),
    ...validateTarget(target, path.child('target')),
    ...(hasTarget
      ? []
      : [
          fieldRequired(
            path.child('target', 'averageValue'),
            'must set either a target value or averageValue',
          ),
        ]),
  ]
}

function validateExternal(
  { metric, target }: ExternalMetricSourceV2,
  path: FieldPath,
): FieldError[] {
  const errors = [
    ...validateIdentifier(metric, path.child('metric')),
    ...validateTarget(target, path.child('target')),
  ]
  const [value, average] = [target.value !== undefined, target.averageValue !== undefined]
  if (!value && !average) {
    const why = 'must set either a target value for metric or a per-pod target'
    errors.push(fieldRequired(path.child('target', 'averageValue'), why))
  }
  if (value && average) {
    const why = 'may not set both a target value for metric and a per-pod target'
    errors.push(fieldForbidden(path.child('target', 'value'), why))
  }
  return errors
}

function validatePods({ metric, target }: PodsMetricSourceV2, path: FieldPath): FieldError[] {
  const why = 'must specify a positive target averageValue'
  return [
    ...validateIdentifier(metric, path.child('metric')),
    ...validateTarget(target, path.child('target')),
    ...(target.averageValue === undefined
      ? [fieldRequired(path.child('target', 'averageValue'), why)]
      : []),
  ]
}

function validateResource({ name, target }: ResourceMetricSourceV2, path: FieldPath): FieldError[] {
  return [
    ...(name ? [] : [fieldRequired(path.child('name'), 'must specify a resource name')]),
    ...validateShare(target, path.child('target')),
  ]
}

function validateContainerResource(
  { name, container, target }: ContainerResourceMetricSourceV2,
  path: FieldPath,
): FieldError[] {
  return [
    ...(name
      ? validateContainerResourceName(name, path.child('name'))
      : [fieldRequired(path.child('name'), 'must specify a resource name')]),
    ...(container
      ? checkDns1123Label(container).map((why) =>
          fieldInvalid(path.child('container'), container, why),
        )
      : [fieldRequired(path.child('container'), 'must specify a container')]),
    ...validateShare(target, path.child('target')),
  ]
}

/** A target of a resource is a share of what is asked for, or an amount. */
function validateShare(target: MetricTargetV2, path: FieldPath): FieldError[] {
  const errors = validateTarget(target, path)
  const [share, amount] = [target.averageUtilization, target.averageValue]
  if (share === undefined && amount === undefined) {
    const why = 'must set either a target raw value or a target utilization'
    errors.push(fieldRequired(path.child('averageUtilization'), why))
  }
  if (share !== undefined && amount !== undefined) {
    const why = 'may not set both a target raw value and a target utilization'
    errors.push(fieldForbidden(path.child('averageValue'), why))
  }
  return errors
}

function validateTarget(target: MetricTargetV2, path: FieldPath): FieldError[] {
  const errors: FieldError[] = []
  const { type, averageUtilization } = target
  if (!type) errors.push(fieldRequired(path.child('type'), 'must specify a metric target type'))
  if (!['Utilization', 'Value', 'AverageValue'].includes(type)) {
    const why = 'must be either Utilization, Value, or AverageValue'
    errors.push(fieldInvalid(path.child('type'), type, why))
  }
  for (const name of ['value', 'averageValue'] as const) {
    const amount = target[name]
    if (amount !== undefined && Quantity.parse(amount).nanos <= 0n)
      errors.push(fieldInvalid(path.child(name), amount, 'must be positive'))
  }
  if (averageUtilization !== undefined && averageUtilization < 1)
    errors.push(
      fieldInvalid(path.child('averageUtilization'), averageUtilization, 'must be greater than 0'),
    )
  return errors
}

function validateIdentifier({ name }: MetricIdentifierV2, path: FieldPath): FieldError[] {
  if (!name) return [fieldRequired(path.child('name'), 'must specify a metric name')]
  return checkPathSegmentName(name).map((why) => fieldInvalid(path.child('name'), name, why))
}
