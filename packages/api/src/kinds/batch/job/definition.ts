import type { Job } from '../../../generated/types.ts'
import { jobs } from '../../../resources.ts'
import { age, ageColumn, text, wide } from '../../columns/column.ts'
import { containerCells, containerColumns } from '../../columns/containers.ts'
import { labelSelectorText } from '../../columns/labels.ts'
import { humanDuration } from '../../columns/since.ts'
import { defineKind } from '../../definition/define-kind.ts'
import { advanceWithSpec, startGeneration } from '../../definition/generation.ts'
import { keepStatus, statusSubresource } from '../../definition/status-subresource.ts'
import { podNameWarnings } from '../../pod-spec/template-warnings.ts'
import { fieldPath } from '../../../validation/field-path.ts'
import { isJobConditionTrue } from './conditions.ts'
import { setJobDefaults } from './defaults.ts'
import { generateSelector } from './selector.ts'
import { validateJobStatus } from './status-validation.ts'
import { validateJob, validateJobUpdate } from './validation.ts'
import { jobWarnings } from './warnings.ts'

export const job = defineKind<Job>({
  type: jobs,
  categories: ['all'],
  strategy: {
    setDefaults: setJobDefaults,
    prepareForCreate(object) {
      generateSelector(object)
      object.status = {}
      startGeneration(object)
    },
    prepareForUpdate(object, old) {
      keepStatus(object, old)
      advanceWithSpec(object, old)
    },
    validate: validateJob,
    validateUpdate: validateJobUpdate,
    warnings(object, old) {
      const isSame = old && object.metadata.generation === old.metadata.generation
      return [
        ...(old ? [] : podNameWarnings(object.metadata)),
        ...(isSame ? [] : jobWarnings(object.spec, fieldPath('spec'))),
      ]
    },
    defaultGarbageCollection: 'orphan',
  },
  subresources: [statusSubresource<Job>({ validateUpdate: validateJobStatus })],
  table: {
    columns: [
      text('Status', 'How far it is.'),
      text('Completions', 'Pods that succeeded, of those wanted.'),
      text('Duration', 'How long it has run, or ran.'),
      ageColumn,
      ...containerColumns,
      wide('Selector', 'The labels of its pods.'),
    ],
    cells: (object, nowMs) => [
      statusText(object),
      completionsText(object),
      durationText(object, nowMs),
      age(object, nowMs),
      ...containerCells(object.spec.template),
      labelSelectorText(object.spec.selector),
    ],
  },
  selectableFields: ({ status }) => ({ 'status.successful': String(status.succeeded ?? 0) }),
})

function statusText({ status, metadata }: Job): string {
  for (const end of ['Complete', 'Failed']) if (isJobConditionTrue(status, end)) return end
  if (metadata.deletionTimestamp) return 'Terminating'
  const states = ['Suspended', 'FailureTarget', 'SuccessCriteriaMet']
  return states.find((state) => isJobConditionTrue(status, state)) ?? 'Running'
}

function completionsText({ spec, status }: Job): string {
  const succeeded = status.succeeded ?? 0
  const { completions, parallelism = 0 } = spec
  if (completions !== undefined) return `${succeeded}/${completions}`
  return parallelism > 1 ? `${succeeded}/1 of ${parallelism}` : `${succeeded}/1`
}

function durationText({ status }: Job, nowMs: number): string {
  if (!status.startTime) return ''
  const end = status.completionTime ? Date.parse(status.completionTime) : nowMs
  return humanDuration(end - Date.parse(status.startTime))
}
