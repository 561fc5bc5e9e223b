import { parseDuration } from '@kemu/base'
import { LocalTime } from './local-time.ts'

/** When a CronJob is due, in the sense of robfig/cron. */
export interface CronSchedule {
  /** The first time after this one; undefined when there is none within five years. */
  next(afterMs: number): number | undefined
}

const descriptors: Readonly<Record<string, string>> = {
  '@yearly': '0 0 1 1 *',
  '@annually': '0 0 1 1 *',
  '@monthly': '0 0 1 * *',
  '@weekly': '0 0 * * 0',
  '@daily': '0 0 * * *',
  '@midnight': '0 0 * * *',
  '@hourly': '0 * * * *',
}

const months = ['jan', 'feb', 'mar', 'apr', 'may', 'jun', 'jul', 'aug', 'sep', 'oct', 'nov', 'dec']
const days = ['sun', 'mon', 'tue', 'wed', 'thu', 'fri', 'sat']
const dayMs = 24 * 60 * 60_000
const horizonDays = 5 * 366

/** Reads a schedule that the API server has found valid. `timeZone` of the CronJob stands behind one in the text. */
export function parseSchedule(text: string, timeZone?: string): CronSchedule {
  const [, zone, rest] = /^(?:CRON_)?TZ=(\S*)\s+(.*)$/.exec(text) ?? [undefined, undefined, text]
  const local = new LocalTime(zone ?? timeZone)
  const every = /^@every (.*)$/.exec(rest ?? '')
  if (every) return everySchedule(Math.max(1_000, parseDuration(every[1]!) ?? 0))
  const fields = (descriptors[rest ?? ''] ?? rest ?? '').trim().split(/\s+/)
  return new FieldSchedule(fields, local)
}

/** `@every`: counted from the second that it starts from. */
function everySchedule(periodMs: number): CronSchedule {
  const seconds = Math.floor(periodMs / 1000)
  return { next: (afterMs) => (Math.floor(afterMs / 1000) + seconds) * 1000 }
}

class FieldSchedule implements CronSchedule {
  readonly #minutes: readonly number[]
  readonly #hours: readonly number[]
  readonly #fits: (day: Date) => boolean
  readonly #local: LocalTime

  constructor(fields: readonly string[], local: LocalTime) {
    const [minutes, hours, monthDays, monthList, weekDays] = fields as [
      string,
      string,
      string,
      string,
      string,
    ]
    this.#local = local
    this.#minutes = sorted(valuesOf(minutes, 0, 59))
    this.#hours = sorted(valuesOf(hours, 0, 23))
    const inMonth = valuesOf(monthDays, 1, 31)
    const inYear = valuesOf(monthList, 1, 12, months, 1)
    const inWeek = valuesOf(weekDays, 0, 6, days)
    // A day has to match both fields when one of them is a star, and either when both say something.
    const isAny = [monthDays, weekDays].some((field) => /^[*?]/.test(field))
    this.#fits = (day) => {
      if (!inYear.has(day.getUTCMonth() + 1)) return false
      const [a, b] = [inMonth.has(day.getUTCDate()), inWeek.has(day.getUTCDay())]
      return isAny ? a && b : a || b
    }
  }

  next(afterMs: number): number | undefined {
    const today = this.#local.midnightOf(afterMs)
    for (let i = 0; i < horizonDays; i++) {
      const midnight = today + i * dayMs
      if (!this.#fits(new Date(midnight))) continue
      const read = this.#local.dayReader(midnight)
      for (const hour of this.#hours)
        for (const minute of this.#minutes) {
          const at = read(midnight + (hour * 60 + minute) * 60_000)
          if (at !== undefined && at > afterMs) return at
        }
    }
    return undefined
  }
}

function sorted(values: ReadonlySet<number>): number[] {
  return [...values].sort((a, b) => a - b)
}

/** `1,3-5`, star with a step, names of months and days. */
function valuesOf(
  field: string,
  min: number,
  max: number,
  names: readonly string[] = [],
  firstName = 0,
): Set<number> {
  const numberOf = (text: string): number => {
    const named = names.indexOf(text.toLowerCase())
    return named < 0 ? Number(text) : named + firstName
  }
  const values = new Set<number>()
  for (const part of field.split(',').filter((text) => text !== '')) {
    const [range = '', stepText] = part.split('/')
    const isStar = range === '*' || range === '?'
    const [from, to] = range.split('-')
    const first = isStar ? min : numberOf(from!)
    // A single value with a step goes on to the end.
    const open = stepText === undefined ? first : max
    const last = isStar ? max : to === undefined ? open : numberOf(to)
    for (let value = first; value <= last; value += Number(stepText ?? 1)) values.add(value)
  }
  return values
}
