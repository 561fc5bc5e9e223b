import type { HPAScalingRulesV2, HorizontalPodAutoscalerV2 } from '../../../generated/types.ts'

/** autoscaling.DefaultCPUUtilization */
export const defaultUtilization = 80

/** One replica at least, eighty percent of the CPU (autoscaling/v2 SetDefaults). */
export function setAutoscalerDefaults({ spec }: HorizontalPodAutoscalerV2): void {
  spec.minReplicas ??= 1
  if ((spec.metrics ?? []).length === 0) spec.metrics = [cpuMetric(defaultUtilization)]
  if (!spec.behavior) return
  spec.behavior.scaleUp = withRules(spec.behavior.scaleUp, {
    stabilizationWindowSeconds: 0,
    selectPolicy: 'Max',
    policies: [
      { type: 'Pods', value: 4, periodSeconds: 15 },
      { type: 'Percent', value: 100, periodSeconds: 15 },
    ],
  })
  spec.behavior.scaleDown = withRules(spec.behavior.scaleDown, {
    selectPolicy: 'Max',
    policies: [{ type: 'Percent', value: 100, periodSeconds: 15 }],
  })
}

export function cpuMetric(averageUtilization: number): {
  type: 'Resource'
  resource: { name: 'cpu'; target: { type: 'Utilization'; averageUtilization: number } }
} {
  const target = { type: 'Utilization' as const, averageUtilization }
  return { type: 'Resource', resource: { name: 'cpu', target } }
}

function withRules(stated: HPAScalingRulesV2 = {}, defaults: HPAScalingRulesV2): HPAScalingRulesV2 {
  return { ...defaults, ...stated }
}
