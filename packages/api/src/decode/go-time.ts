/** A time that Go's time.Parse refuses, with its words. */
export class TimeFormatError extends Error {
  override name = 'TimeFormatError'
}

/** The two layouts of the API: seconds (meta/v1 Time) and microseconds (MicroTime). */
const layouts = {
  time: '2006-01-02T15:04:05Z07:00',
  microTime: '2006-01-02T15:04:05.000000Z07:00',
} as const

type Layout = keyof typeof layouts

const canonical = {
  time: /^\d{4}-(0[1-9]|1[0-2])-(0[1-9]|1\d|2[0-8])T([01]\d|2[0-3]):[0-5]\d:[0-5]\dZ$/,
  microTime: /^\d{4}-(0[1-9]|1[0-2])-(0[1-9]|1\d|2[0-8])T([01]\d|2[0-3]):[0-5]\d:[0-5]\d\.\d{6}Z$/,
}

/** The text as the server writes it back: in UTC, whole seconds or six digits. */
export function normalizeTime(text: string, layout: Layout): string {
  if (canonical[layout].test(text)) return text
  const { ms, micros } = new TimeParser(text, layout).parse()
  const seconds = new Date(ms).toISOString().slice(0, 19)
  return layout === 'time' ? `${seconds}Z` : `${seconds}.${String(micros).padStart(6, '0')}Z`
}

/** Reads element by element, as Go does, so that its complaint names the same element. */
class TimeParser {
  readonly #text: string
  readonly #layout: Layout
  #rest: string

  constructor(text: string, layout: Layout) {
    this.#text = text
    this.#layout = layout
    this.#rest = text
  }

  parse(): { ms: number; micros: number } {
    const year = this.#number('2006', '', 4)
    const month = this.#ranged('01', '-', 'month', 1, 12)
    const day = this.#number('02', '-', 2)
    const hour = this.#hour()
    const minute = this.#ranged('04', ':', 'minute', 0, 59)
    const second = this.#ranged('05', ':', 'second', 0, 59)
    const micros = this.#fraction()
    const offsetMinutes = this.#zone()
    if (this.#rest !== '') this.#fail(`: extra text: ${JSON.stringify(this.#rest)}`)
    if (day < 1 || day > new Date(Date.UTC(year, month, 0)).getUTCDate())
      this.#fail(': day out of range')
    const ms = Date.UTC(year, month - 1, day, hour, minute - offsetMinutes, second)
    return { ms, micros }
  }

  #number(element: string, prefix: string, digits: number): number {
    this.#skip(prefix)
    const match = new RegExp(`^\\d{${digits}}`).exec(this.#rest)
    if (!match) this.#cannotParse(this.#rest, element)
    this.#rest = this.#rest.slice(digits)
    return Number(match[0])
  }

  #ranged(element: string, prefix: string, what: string, min: number, max: number): number {
    const value = this.#number(element, prefix, 2)
    if (value < min || value > max) this.#fail(`: ${what} out of range`)
    return value
  }

  /** Go takes one digit here too. */
  #hour(): number {
    this.#skip('T')
    const match = /^\d\d?/.exec(this.#rest)
    if (!match) this.#cannotParse(this.#rest, '15')
    this.#rest = this.#rest.slice(match[0].length)
    if (Number(match[0]) > 23) this.#fail(': hour out of range')
    return Number(match[0])
  }

  #fraction(): number {
    if (this.#layout === 'microTime') {
      const match = /^[.,]\d{6}/.exec(this.#rest)
      if (!match) this.#cannotParse(this.#rest, '.000000')
      this.#rest = this.#rest.slice(7)
      return Number(match[0].slice(1))
    }
    this.#rest = this.#rest.replace(/^[.,]\d+/, '')
    return 0
  }

  #zone(): number {
    if (this.#rest.startsWith('Z')) {
      this.#rest = this.#rest.slice(1)
      return 0
    }
    const match = /^([+-])(\d\d):(\d\d)/.exec(this.#rest)
    if (!match) this.#cannotParse(this.#rest, 'Z07:00')
    const [all, sign, hours, minutes] = match
    this.#rest = this.#rest.slice(all.length)
    if (Number(hours) > 24) this.#fail(': time zone offset hour out of range')
    if (Number(minutes) > 60) this.#fail(': time zone offset minute out of range')
    const offset = Number(hours) * 60 + Number(minutes)
    return sign === '-' ? -offset : offset
  }

  #skip(prefix: string): void {
    if (!this.#rest.startsWith(prefix)) this.#cannotParse(this.#rest, prefix)
    this.#rest = this.#rest.slice(prefix.length)
  }

  #cannotParse(rest: string, element: string): never {
    const layout = layouts[this.#layout]
    this.#fail(
      ` as "${layout}": cannot parse ${JSON.stringify(rest)} as ${JSON.stringify(element)}`,
    )
  }

  #fail(why: string): never {
    throw new TimeFormatError(`parsing time ${JSON.stringify(this.#text)}${why}`)
  }
}
