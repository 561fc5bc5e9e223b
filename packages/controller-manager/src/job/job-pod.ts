import type { Container, Job, Pod, PodTemplateSpec } from '@kemu/api'
import { completionIndexKey, isIndexed } from './completion-index.ts'
import { trackingFinalizer } from './finished-pod.ts'
import { failuresAfter, indexFailuresKey, indexIgnoredFailuresKey } from './index-failures.ts'

const indexVariable = 'JOB_COMPLETION_INDEX'
/** MaxGeneratedNameLength: what is left of 63 letters for a prefix. */
const prefixLength = 58

/** The template of the job's pods; `index` is set for an indexed job, `replaced` is the pod that failed at it. */
export function jobPodTemplate(job: Job, index?: number, replaced?: Pod): PodTemplateSpec {
  const { metadata, spec } = job.spec.template
  const finalizers = [...new Set([...(metadata?.finalizers ?? []), trackingFinalizer])]
  if (index === undefined || !isIndexed(job))
    return { metadata: { ...metadata, finalizers }, spec: spec! }
  const text = String(index)
  const { initContainers, containers } = spec!
  return {
    metadata: {
      ...metadata,
      finalizers,
      labels: { ...metadata?.labels, [completionIndexKey]: text },
      annotations: {
        ...metadata?.annotations,
        [completionIndexKey]: text,
        ...(job.spec.backoffLimitPerIndex !== undefined && failureCounts(job, replaced)),
      },
    },
    spec: {
      ...spec!,
      hostname: `${job.metadata.name}-${index}`,
      ...(initContainers && { initContainers: initContainers.map(withIndexVariable) }),
      containers: containers.map(withIndexVariable),
    },
  }
}

/** `NAME-INDEX-`, its name shortened where the whole would be too long. */
export function indexedPrefix(jobName: string, index: number): string {
  const end = `-${index}-`
  return `${jobName.slice(0, prefixLength - end.length)}${end}`
}

function failureCounts(job: Job, replaced: Pod | undefined): Record<string, string> {
  const { counted, ignored } = failuresAfter(job, replaced)
  return {
    [indexFailuresKey]: String(counted),
    ...(ignored > 0 && { [indexIgnoredFailuresKey]: String(ignored) }),
  }
}

function withIndexVariable(container: Container): Container {
  const { env = [] } = container
  if (env.some(({ name }) => name === indexVariable)) return container
  const fieldRef = { fieldPath: `metadata.labels['${completionIndexKey}']` }
  return { ...container, env: [...env, { name: indexVariable, valueFrom: { fieldRef } }] }
}
