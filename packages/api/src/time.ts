/** meta/v1 Time on the wire: RFC 3339 in UTC with whole seconds. */
export function formatTime(ms: number): string {
  return `${new Date(ms).toISOString().slice(0, 19)}Z`
}

/** meta/v1 MicroTime on the wire: six digits of fraction. */
export function formatMicroTime(ms: number): string {
  return `${new Date(ms).toISOString().slice(0, 23)}000Z`
}

/** Milliseconds since 1970; NaN when it is no time. */
export function parseTime(text: string): number {
  return Date.parse(text)
}
