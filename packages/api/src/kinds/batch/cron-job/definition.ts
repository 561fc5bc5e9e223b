import type { CronJob } from '../../../generated/types.ts'
import { cronJobs } from '../../../resources.ts'
import { fieldPath } from '../../../validation/field-path.ts'
import { age, ageColumn, integer, text, wide } from '../../columns/column.ts'
import { containerCells, containerColumns } from '../../columns/containers.ts'
import { labelSelectorText } from '../../columns/labels.ts'
import { since } from '../../columns/since.ts'
import { defineKind } from '../../definition/define-kind.ts'
import { advanceWithSpec, startGeneration } from '../../definition/generation.ts'
import { keepStatus, statusSubresource } from '../../definition/status-subresource.ts'
import { podNameWarnings } from '../../pod-spec/template-warnings.ts'
import { setJobPartDefaults } from '../job/defaults.ts'
import { jobWarnings } from '../job/warnings.ts'
import { validateCronJob, validateCronJobUpdate } from './validation.ts'

export const cronJob = defineKind<CronJob>({
  type: cronJobs,
  shortNames: ['cj'],
  categories: ['all'],
  strategy: {
    setDefaults({ spec }) {
      if (spec.jobTemplate.spec) setJobPartDefaults(spec.jobTemplate.spec)
      spec.concurrencyPolicy ||= 'Allow'
      spec.suspend ??= false
      spec.successfulJobsHistoryLimit ??= 3
      spec.failedJobsHistoryLimit ??= 1
    },
    prepareForCreate(object) {
      object.status = {}
      startGeneration(object)
    },
    prepareForUpdate(object, old) {
      keepStatus(object, old)
      advanceWithSpec(object, old)
    },
    validate: validateCronJob,
    validateUpdate: validateCronJobUpdate,
    warnings: cronJobWarnings,
    defaultGarbageCollection: 'orphan',
  },
  subresources: [statusSubresource<CronJob>()],
  table: {
    columns: [
      text('Schedule', 'When it makes jobs.'),
      text('Timezone', 'Whose clock the schedule means.'),
      { name: 'Suspend', type: 'boolean', description: 'Whether it makes no jobs for now.' },
      integer('Active', 'Its jobs that are running.'),
      text('Last Schedule', 'How long ago it made a job.'),
      ageColumn,
      ...containerColumns,
      wide('Selector', 'The labels of its pods.'),
    ],
    cells: (object, nowMs) => {
      const { spec, status } = object
      const job = spec.jobTemplate.spec
      return [
        spec.schedule,
        spec.timeZone ?? '<none>',
        spec.suspend === undefined ? '<unset>' : spec.suspend ? 'True' : 'False',
        (status.active ?? []).length,
        status.lastScheduleTime === undefined ? '<none>' : since(status.lastScheduleTime, nowMs),
        age(object, nowMs),
        ...containerCells(job?.template ?? {}),
        labelSelectorText(job?.selector),
      ]
    },
  },
})

function cronJobWarnings(object: CronJob, old: CronJob | undefined): string[] {
  const { metadata, spec } = object
  const isSame = old && old.metadata.generation === metadata.generation
  const at = fieldPath('spec', 'jobTemplate', 'spec')
  const job = spec.jobTemplate.spec
  const warnings = [
    ...(old ? [] : podNameWarnings(metadata)),
    ...(isSame || !job ? [] : jobWarnings(job, at)),
  ]
  if (!old || !spec.schedule.includes('TZ')) return warnings
  // The path is upstream's.
  const text =
    'cannot use TZ or CRON_TZ in spec.spec.schedule, use timeZone instead, see https://kubernetes.io/docs/concepts/workloads/controllers/cron-jobs/ for more details'
  return [...warnings, text]
}
