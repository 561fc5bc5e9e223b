import type { EventsEvent } from '../../../generated/types.ts'
import type { ResourceType } from '../../../resource-type.ts'
import { nameIsPathSegment } from '../../../validation/name-rules.ts'
import { eventTable } from '../../core/event/columns.ts'
import { event as coreEvent } from '../../core/event/definition.ts'
import { defineKind } from '../../definition/define-kind.ts'
import { eventStoredForm, toCoreEvent } from './conversion.ts'
import { validateNewestEvent, validateNewestEventUpdate } from './validation.ts'

const type: ResourceType<EventsEvent> = {
  group: 'events.k8s.io',
  version: 'v1',
  resource: 'events',
  kind: 'Event',
  namespaced: true,
}

/** The same events as in the core group, with other names for some fields. */
export const eventsEvent = defineKind<EventsEvent>({
  type,
  shortNames: ['ev'],
  storage: { ...coreEvent.storage!, as: eventStoredForm },
  strategy: {
    nameRule: nameIsPathSegment,
    allowCreateOnUpdate: true,
    defaultGarbageCollection: 'unsupported',
    validate: validateNewestEvent,
    validateUpdate: validateNewestEventUpdate,
  },
  table: {
    nameColumn: 'among',
    columns: eventTable.columns,
    cells: (event, nowMs) => eventTable.cells(toCoreEvent(event), nowMs),
  },
  selectableFields: (event) =>
    Object.fromEntries(
      Object.entries(coreEvent.selectableFields!(toCoreEvent(event)))
        .filter(([field]) => field !== 'source')
        .map(([field, value]) => [selectableName(field), value]),
    ),
})

/** events/v1 AddFieldLabelConversionsForEvent */
function selectableName(field: string): string {
  if (field === 'reportingComponent') return 'reportingController'
  return field.replace(/^involvedObject\./, 'regarding.')
}
