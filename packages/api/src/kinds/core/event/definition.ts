import type { Event } from '../../../generated/types.ts'
import { events } from '../../../resources.ts'
import { nameIsPathSegment } from '../../../validation/name-rules.ts'
import { defineKind } from '../../definition/define-kind.ts'
import { eventTable } from './columns.ts'
import { validateEvent } from './validation.ts'

/** One hour: --event-ttl of kube-apiserver. */
const ttlSeconds = 3600

export const event = defineKind<Event>({
  type: events,
  shortNames: ['ev'],
  storage: { prefix: 'events', ttlSeconds },
  strategy: {
    nameRule: nameIsPathSegment,
    allowCreateOnUpdate: true,
    defaultGarbageCollection: 'unsupported',
    validate: validateEvent,
  },
  table: eventTable,
  /** registry/core/event ToSelectableFields */
  selectableFields: ({ involvedObject: about, ...object }) => ({
    'involvedObject.kind': about.kind ?? '',
    'involvedObject.namespace': about.namespace ?? '',
    'involvedObject.name': about.name ?? '',
    'involvedObject.uid': about.uid ?? '',
    'involvedObject.apiVersion': about.apiVersion ?? '',
    'involvedObject.resourceVersion': about.resourceVersion ?? '',
    'involvedObject.fieldPath': about.fieldPath ?? '',
    reason: object.reason ?? '',
    reportingComponent: object.reportingComponent ?? '',
    source: object.source?.component || (object.reportingComponent ?? ''),
    type: object.type ?? '',
  }),
})
