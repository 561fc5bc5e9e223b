import { formatTime, serviceCidrs } from '@kemu/api'
import type { Clock } from '@kemu/base'
import type { IpRange } from '../services/ip-range.ts'
import type { SystemWriter } from './system-writer.ts'

/** Shows the range of the server's flag as the object `kubernetes`; an object that is there already is left as it is. */
export async function ensureServiceCidr(
  writer: SystemWriter,
  range: IpRange,
  clock: Clock,
): Promise<void> {
  await writer.create(serviceCidrs, {
    metadata: { name: 'kubernetes' },
    spec: { cidrs: [range.cidr] },
    status: {
      conditions: [
        {
          type: 'Ready',
          status: 'True',
          lastTransitionTime: formatTime(clock.now()),
          reason: '',
          message: 'Kubernetes default Service CIDR is ready',
        },
      ],
    },
  })
}
