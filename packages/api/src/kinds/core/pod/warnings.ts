import type { Pod } from '../../../generated/types.ts'
import { checkDns1123Label } from '../../../validation/name-rules.ts'
import { podRoot, podSpecWarnings } from '../../pod-spec/warnings.ts'

/** A changed pod is warned of nothing: nearly nothing of it can change. */
export function podWarnings(pod: Pod, old: Pod | undefined): string[] {
  if (old) return []
  const complaints = checkDns1123Label(pod.metadata.name ?? '')
  const hostname =
    complaints.length === 0
      ? []
      : [
          "metadata.name: this is used in the Pod's hostname, which can result in surprising behavior; " +
            `a DNS label is recommended: [${complaints.join(' ')}]`,
        ]
  return [...hostname, ...podSpecWarnings(pod.spec, pod.metadata, podRoot)]
}
