import type { Job, JobSpec } from '../../../generated/types.ts'
import { setTemplateDefaults } from '../../pod-spec/template.ts'

const forEver = 2 ** 31 - 1

/** SetDefaults_Job and what lies below it. */
export function setJobDefaults(job: Job): void {
  const { spec, metadata } = job
  setJobPartDefaults(spec)
  if (spec.completions === undefined && spec.parallelism === undefined) spec.completions = 1
  spec.parallelism ??= 1
  spec.backoffLimit ??= spec.backoffLimitPerIndex === undefined ? 6 : forEver
  const labels = spec.template.metadata?.labels
  // The same labels, not a copy: those that are generated for the pods are the job's too.
  if (labels && Object.keys(metadata.labels ?? {}).length === 0) metadata.labels = labels
  spec.completionMode ??= 'NonIndexed'
  spec.suspend ??= false
  spec.podReplacementPolicy ??= spec.podFailurePolicy ? 'Failed' : 'TerminatingOrFailed'
  spec.manualSelector ??= false
}

/** What a job template states too; the rest is settled when a job is made of it. */
export function setJobPartDefaults(spec: JobSpec): void {
  setTemplateDefaults(spec.template)
  for (const { onPodConditions } of spec.podFailurePolicy?.rules ?? [])
    for (const pattern of onPodConditions ?? []) pattern.status ||= 'True'
}
