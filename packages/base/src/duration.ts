/** Milliseconds in each unit of Go's duration notation. */
const unitMs: Record<string, number> = {
  ns: 1e-6,
  us: 1e-3,
  µs: 1e-3,
  ms: 1,
  s: 1000,
  m: 60_000,
  h: 3_600_000,
}

/** Parses Go's notation (`1m30s`, `250ms`, `-1.5h`, `0`) to milliseconds; undefined when it is none. */
export function parseDuration(text: string): number | undefined {
  const match = /^([-+]?)((?:\d+(?:\.\d*)?|\.\d+)(?:ns|us|\u00b5s|ms|s|m|h))+$/.exec(text)
  if (!match) return /^[-+]?0$/.test(text) ? 0 : undefined
  let totalMs = 0
  for (const [, amount, unit] of text.matchAll(/(\d+(?:\.\d*)?|\.\d+)(ns|us|\u00b5s|ms|s|m|h)/g)) {
    totalMs += Number(amount) * unitMs[unit!]!
  }
  return match[1] === '-' ? -totalMs : totalMs
}

/** Writes milliseconds as Go does: `1m30s`, `1.5s`, `250ms`, `0s`. */
export function formatDuration(ms: number): string {
  if (ms === 0) return '0s'
  const sign = ms < 0 ? '-' : ''
  const left = Math.abs(ms)
  if (left < 1) return `${sign}${trim(left * 1000)}µs`
  if (left < 1000) return `${sign}${trim(left)}ms`
  const hours = Math.floor(left / 3_600_000)
  const minutes = Math.floor((left % 3_600_000) / 60_000)
  const seconds = (left % 60_000) / 1000
  const parts = hours > 0 ? `${hours}h${minutes}m` : minutes > 0 ? `${minutes}m` : ''
  return `${sign}${parts}${trim(seconds)}s`
}

function trim(value: number): string {
  return String(Number(value.toFixed(9)))
}
