import type { Event, EventsEvent } from '../../../generated/types.ts'
import type { KubeObject } from '../../../object.ts'
import { events } from '../../../resources.ts'
import type { StoredForm } from '../../kind-definition.ts'

/** The fields that the two groups call differently: [events.k8s.io, core]. */
const renamed = [
  ['note', 'message'],
  ['regarding', 'involvedObject'],
  ['reportingController', 'reportingComponent'],
  ['deprecatedSource', 'source'],
  ['deprecatedFirstTimestamp', 'firstTimestamp'],
  ['deprecatedLastTimestamp', 'lastTimestamp'],
  ['deprecatedCount', 'count'],
] as const

const stored = new Map<string, string>(renamed)
const shown = new Map<string, string>(renamed.map(([newer, core]) => [core, newer]))

/** Events are stored as core/v1, whichever group they came by. */
export const eventStoredForm: StoredForm = {
  type: events,
  toStored: (object) => toCoreEvent(object as EventsEvent),
  fromStored: (object) => fromCoreEvent(object as Event),
  storedField(field) {
    const [head = '', ...rest] = field.split('.')
    if (head === 'note' || shown.has(head)) return undefined
    return [stored.get(head) ?? head, ...rest].join('.')
  },
}

/** Fields that are always written, whatever the group says. */
const coreAlways = {
  involvedObject: {},
  source: {},
  firstTimestamp: null,
  lastTimestamp: null,
  eventTime: null,
  reportingComponent: '',
  reportingInstance: '',
}

export function toCoreEvent(event: EventsEvent): Event {
  return { ...coreAlways, ...rename(event, stored), apiVersion: 'v1' } as unknown as Event
}

export function fromCoreEvent(event: Event): EventsEvent {
  const object = { eventTime: null, ...rename(event, shown), apiVersion: 'events.k8s.io/v1' }
  const newer = object as unknown as EventsEvent
  // Written even when empty in the core group, and left out here.
  if (newer.reportingController === '') delete newer.reportingController
  if (newer.reportingInstance === '') delete newer.reportingInstance
  return newer
}

function rename(object: KubeObject, names: ReadonlyMap<string, string>): KubeObject {
  const entries = Object.entries(object).map(([name, value]) => [names.get(name) ?? name, value])
  return Object.fromEntries(entries) as KubeObject
}
