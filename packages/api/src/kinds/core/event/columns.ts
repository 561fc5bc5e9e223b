import type { Event } from '../../../generated/types.ts'
import { text, wide } from '../../columns/column.ts'
import { since } from '../../columns/since.ts'
import type { TableDefinition } from '../../kind-definition.ts'

export const eventTable: TableDefinition<Event> = {
  nameColumn: 'among',
  columns: [
    text('Last Seen', 'How long ago it happened, the last time.'),
    text('Type', 'Normal or Warning.'),
    text('Reason', 'In a word, why it happened.'),
    text('Object', 'What it happened to.'),
    wide('Subobject', 'The part of the object that it is about.'),
    wide('Source', 'Who says so.'),
    text('Message', 'In a sentence, what happened.'),
    wide('First Seen', 'How long ago it happened for the first time.'),
    wide('Count', 'How often it happened.'),
    { ...wide('Name', 'The name of the event.'), format: 'name' },
  ],
  cells(event, nowMs) {
    const first = since(event.firstTimestamp ?? event.eventTime, nowMs)
    return [
      lastSeen(event, nowMs, first),
      event.type ?? '',
      event.reason ?? '',
      objectText(event),
      event.involvedObject.fieldPath ?? '',
      sourceText(event),
      (event.message ?? '').trim(),
      first,
      event.series ? (event.series.count ?? 0) : event.count || 1,
      event.metadata.name,
    ]
  },
}

function lastSeen(event: Event, nowMs: number, first: string): string {
  if (event.series) return since(event.series.lastObservedTime, nowMs)
  return event.lastTimestamp ? since(event.lastTimestamp, nowMs) : first
}

function objectText({ involvedObject: { kind = '', name } }: Event): string {
  return name ? `${kind.toLowerCase()}/${name}` : kind.toLowerCase()
}

function sourceText({ source, reportingComponent, reportingInstance }: Event): string {
  const component = source?.component || reportingComponent || ''
  const host = source?.host || reportingInstance || ''
  return host === '' ? component : `${component}, ${host}`
}
