import fc from 'fast-check'
import t from 'tap'
import type { Event, EventsEvent } from '../../../generated/types.ts'
import { eventStoredForm, fromCoreEvent, toCoreEvent } from './conversion.ts'
import { eventsEvent } from './definition.ts'

const text = fc.string({ minLength: 1, maxLength: 8 })

const newest: fc.Arbitrary<EventsEvent> = fc.record(
  {
    apiVersion: fc.constant('events.k8s.io/v1'),
    kind: fc.constant('Event'),
    metadata: fc.record({ name: text, uid: text, resourceVersion: text, creationTimestamp: text }),
    eventTime: text,
    note: text,
    reason: text,
    action: text,
    reportingController: text,
    reportingInstance: text,
    regarding: fc.record({ kind: text, name: text }),
    series: fc.record({ count: fc.nat(9), lastObservedTime: text }),
    deprecatedCount: fc.nat(9),
    deprecatedSource: fc.record({ component: text }),
    deprecatedFirstTimestamp: text,
  },
  { requiredKeys: ['apiVersion', 'kind', 'metadata', 'eventTime'] },
)

t.test('an event comes back from the store as it went in', async (t) => {
  fc.assert(
    fc.property(newest, (event) => {
      const back = fromCoreEvent(toCoreEvent(event)) as unknown as Record<string, unknown>
      // The stored form writes some fields always.
      return Object.entries(event).every(
        ([field, value]) => JSON.stringify(back[field]) === JSON.stringify(value),
      )
    }),
  )
  t.pass('held for 100 cases')
})

t.test('field selectors of the newer group find the fields of the stored form', async (t) => {
  const storedField = (field: string): string | undefined => eventStoredForm.storedField(field)
  t.equal(storedField('regarding.name'), 'involvedObject.name')
  t.equal(storedField('reportingController'), 'reportingComponent')
  t.equal(storedField('type'), 'type')
  t.equal(storedField('involvedObject.name'), undefined, 'a name of the other group')
  const event = fromCoreEvent({
    apiVersion: 'v1',
    kind: 'Event',
    metadata: { name: 'e' },
    involvedObject: { name: 'p' },
  } as Event)
  t.equal(eventsEvent.selectableFields!(event)['regarding.name'], 'p')
})
