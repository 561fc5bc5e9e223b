import { parseDuration } from '@kemu/base'
import { goQuote } from '../../../go-text.ts'

/** Throws ScheduleError for what is no schedule in the sense of robfig/cron, whose words these are. */
export function checkSchedule(schedule: string): void {
  let text = schedule
  const [, zone] = /^(?:CRON_)?TZ=(\S*)/.exec(text) ?? []
  if (zone !== undefined) {
    const at = text.indexOf(' ')
    // Upstream reads past the end here, and tells of its own panic.
    if (at < 0)
      throw new ScheduleError('invalid schedule format: runtime error: slice bounds out of range')
    if (!isTimeZone(zone))
      throw new ScheduleError(`provided bad location ${zone}: unknown time zone ${zone}`)
    text = text.slice(at).trim()
  }
  if (text.startsWith('@')) checkDescriptor(text)
  else checkFields(text.split(/\s+/).filter((field) => field !== ''))
}

export class ScheduleError extends Error {}

/** The empty name is UTC. */
export function isTimeZone(name: string): boolean {
  if (name === '' || name === 'UTC' || name === 'Local') return true
  try {
    return new Intl.DateTimeFormat('en', { timeZone: name }).resolvedOptions().timeZone !== ''
  } catch (error) {
    if (error instanceof RangeError) return false
    throw error
  }
}

const descriptors = [
  '@yearly',
  '@annually',
  '@monthly',
  '@weekly',
  '@daily',
  '@midnight',
  '@hourly',
]

function checkDescriptor(text: string): void {
  if (descriptors.includes(text)) return
  if (!text.startsWith('@every ')) throw new ScheduleError(`unrecognized descriptor: ${text}`)
  const duration = text.slice('@every '.length)
  if (parseDuration(duration) !== undefined) return
  const why = `time: invalid duration ${goQuote(duration)}`
  throw new ScheduleError(`failed to parse duration ${text}: ${why}`)
}

interface Bounds {
  readonly min: number
  readonly max: number
  readonly names?: readonly string[]
}

const months = ['jan', 'feb', 'mar', 'apr', 'may', 'jun', 'jul', 'aug', 'sep', 'oct', 'nov', 'dec']
const days = ['sun', 'mon', 'tue', 'wed', 'thu', 'fri', 'sat']
const fieldBounds: readonly Bounds[] = [
  { min: 0, max: 59 },
  { min: 0, max: 23 },
  { min: 1, max: 31 },
  { min: 1, max: 12, names: months },
  { min: 0, max: 6, names: days },
]

function checkFields(fields: readonly string[]): void {
  const wanted = fieldBounds.length
  if (fields.length !== wanted) {
    const found = `found ${fields.length}: [${fields.join(' ')}]`
    throw new ScheduleError(`expected exactly ${wanted} fields, ${found}`)
  }
  for (const [i, field] of fields.entries())
    for (const range of field.split(',').filter((part) => part !== ''))
      checkRange(range, fieldBounds[i]!)
}

function checkRange(text: string, bounds: Bounds): void {
  const [range = '', step, ...moreSteps] = text.split('/')
  const [low = '', high, ...moreHighs] = range.split('-')
  let [start, end] = [bounds.min, bounds.max]
  if (low !== '*' && low !== '?') {
    start = parsePlace(low, bounds)
    if (moreHighs.length > 0) throw new ScheduleError(`too many hyphens: ${text}`)
    end = high === undefined ? start : parsePlace(high, bounds)
  }
  if (moreSteps.length > 0) throw new ScheduleError(`too many slashes: ${text}`)
  const width = step === undefined ? 1 : parseNumber(step)
  if (step !== undefined && high === undefined) end = bounds.max
  if (start < bounds.min)
    throw new ScheduleError(`beginning of range (${start}) below minimum (${bounds.min}): ${text}`)
  if (end > bounds.max)
    throw new ScheduleError(`end of range (${end}) above maximum (${bounds.max}): ${text}`)
  if (start > end)
    throw new ScheduleError(`beginning of range (${start}) beyond end of range (${end}): ${text}`)
  if (width === 0) throw new ScheduleError(`step of range should be a positive number: ${text}`)
}

function parsePlace(text: string, { names, min }: Bounds): number {
  const at = (names ?? []).indexOf(text.toLowerCase())
  return at < 0 ? parseNumber(text) : at + min
}

function parseNumber(text: string): number {
  if (!/^[-+]?\d+$/.test(text)) {
    const why = `strconv.Atoi: parsing ${goQuote(text)}: invalid syntax`
    throw new ScheduleError(`failed to parse int from ${text}: ${why}`)
  }
  const number = Number(text)
  if (number < 0) throw new ScheduleError(`negative number (${number}) not allowed: ${text}`)
  return number
}
