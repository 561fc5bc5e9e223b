import type { Clock } from '@kemu/base'
import { warnLine } from '../output.ts'

/** A line as Go's log package prints it: `2026/11/21 16:04:22 text`, on standard error. */
export function logLine(clock: Clock, text: string): void {
  const [date = '', time = ''] = new Date(clock.now()).toISOString().slice(0, 19).split('T')
  warnLine(`${date.replaceAll('-', '/')} ${time} ${text}`)
}
