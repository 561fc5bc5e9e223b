import type { Deployment } from '../../../generated/types.ts'
import { setTemplateDefaults } from '../../pod-spec/template.ts'

/** SetDefaults_Deployment */
export function setDeploymentDefaults({ spec }: Deployment): void {
  setTemplateDefaults(spec.template)
  spec.replicas ??= 1
  spec.strategy ??= {}
  spec.strategy.type ||= 'RollingUpdate'
  if (spec.strategy.type === 'RollingUpdate')
    spec.strategy.rollingUpdate = {
      maxUnavailable: '25%',
      maxSurge: '25%',
      ...spec.strategy.rollingUpdate,
    }
  spec.revisionHistoryLimit ??= 10
  spec.progressDeadlineSeconds ??= 600
}
