const minuteMs = 60_000

/** The wall clock of a time zone; the machine's own when none is named. Local times are written as if they were UTC. */
export class LocalTime {
  readonly #format: Intl.DateTimeFormat

  constructor(timeZone: string | undefined) {
    this.#format = new Intl.DateTimeFormat('en-US', {
      ...(timeZone !== undefined && timeZone !== 'Local' && { timeZone: timeZone || 'UTC' }),
      hourCycle: 'h23',
      year: 'numeric',
      month: 'numeric',
      day: 'numeric',
      hour: 'numeric',
      minute: 'numeric',
      second: 'numeric',
    })
  }

  /** The start of the day. */
  midnightOf(epochMs: number): number {
    const day = 24 * 60 * minuteMs
    return Math.floor(this.#toLocal(epochMs) / day) * day
  }

  /** undefined: the clocks skip that time. Of a time that comes twice, the first. */
  toEpochMs(localMs: number): number | undefined {
    const guess = localMs - this.#offsetMs(localMs)
    const candidates = [
      guess,
      localMs - this.#offsetMs(guess - 60 * minuteMs),
      localMs - this.#offsetMs(guess),
    ]
    const exact = candidates.filter((ms) => this.#toLocal(ms) === localMs)
    return exact.length === 0 ? undefined : Math.min(...exact)
  }

  /** Turns the local times of one day into epoch times; cheap on days without a change of the clocks. */
  dayReader(midnight: number): (localMs: number) => number | undefined {
    const day = 24 * 60 * minuteMs
    const [before, after] = [this.#offsetMs(midnight - day), this.#offsetMs(midnight + 2 * day)]
    return before === after ? (localMs) => localMs - before : (localMs) => this.toEpochMs(localMs)
  }

  /** As RFC 3339 writes it, with the zone's offset. */
  format(epochMs: number): string {
    const offset = this.#offsetMs(epochMs) / minuteMs
    const local = new Date(this.#toLocal(epochMs)).toISOString().slice(0, 19)
    if (offset === 0) return `${local}Z`
    const two = (value: number): string => String(Math.floor(value)).padStart(2, '0')
    const size = Math.abs(offset)
    return `${local}${offset < 0 ? '-' : '+'}${two(size / 60)}:${two(size % 60)}`
  }

  #offsetMs(epochMs: number): number {
    return this.#toLocal(epochMs) - Math.floor(epochMs / 1000) * 1000
  }

  #toLocal(epochMs: number): number {
    const parts = new Map(this.#format.formatToParts(epochMs).map((p) => [p.type, Number(p.value)]))
    const of = (type: Intl.DateTimeFormatPartTypes): number => parts.get(type) ?? 0
    return Date.UTC(of('year'), of('month') - 1, of('day'), of('hour'), of('minute'), of('second'))
  }
}
