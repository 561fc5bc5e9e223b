import type { LogLine } from './log-line.ts'

/**
 * A line as fields of a stream's entry. The first five are always there and in this order: Redis keeps the names of
 * equal fields once for many entries.
 */
export function encodeEntry(line: LogLine): (string | Buffer)[] {
  const fields = {
    time: line.time,
    host: line.host,
    container: line.container,
    stream: line.stream,
  }
  const marks = [...(line.partial ? ['partial', '1'] : []), ...(line.resent ? ['resent', '1'] : [])]
  return [...Object.entries(fields).flat(), 'text', line.text, ...marks]
}

/** Fields that others added are passed over; a missing one is empty. */
export function decodeEntry(fields: readonly Buffer[]): LogLine {
  const values = new Map<string, Buffer>()
  for (let i = 0; i + 1 < fields.length; i += 2) values.set(fields[i]!.toString(), fields[i + 1]!)
  const text = (name: string): string => values.get(name)?.toString() ?? ''
  return {
    time: text('time'),
    host: text('host'),
    container: text('container'),
    stream: text('stream') as LogLine['stream'],
    partial: values.has('partial'),
    text: values.get('text') ?? Buffer.alloc(0),
    resent: values.has('resent'),
  }
}
