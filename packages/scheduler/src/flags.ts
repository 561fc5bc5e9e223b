import { componentFlags } from '@kemu/controller-runtime'
import type { Flags, FlagSpecs } from '@kemu/base'

export const schedulerFlags = {
  ...componentFlags,
  'secure-port': {
    type: 'int',
    default: 10259,
    help: 'HTTPS port with health and metrics; 0: none',
  },
  'leader-elect-resource-name': {
    type: 'string',
    default: 'kube-scheduler',
    help: 'name of the lease',
  },
  'pod-max-in-unschedulable-pods-duration': {
    type: 'duration',
    default: '5m',
    help: 'longest rest of a pod that fits nowhere, even if no event concerns it',
  },
} as const satisfies FlagSpecs

export type SchedulerFlags = Flags<typeof schedulerFlags>
