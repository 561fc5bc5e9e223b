import { constants } from 'node:os'

/** The first real-time signal that libc leaves to programs, and the last. */
const firstRealTime = 34
const lastRealTime = 64

/** A signal by CRI's enum or an image's STOPSIGNAL: `SIGTERM`, `TERM`, `15`, `SIGRTMINPLUS3`, `SIGRTMIN+3`. */
export function parseSignal(text: string): NodeJS.Signals | number | undefined {
  if (text === '' || text === 'RUNTIME_DEFAULT') return undefined
  if (/^\d+$/.test(text)) return Number(text)
  const name = text.startsWith('SIG') ? text : `SIG${text}`
  const realTime = /^SIGRT(MIN|MAX)(?:(PLUS|MINUS|\+|-)(\d+))?$/.exec(name)
  if (realTime) {
    const offset = Number(realTime[3] ?? 0)
    return realTime[1] === 'MIN' ? firstRealTime + offset : lastRealTime - offset
  }
  if (name === 'SIGCLD') return 'SIGCHLD'
  return name in constants.signals ? (name as NodeJS.Signals) : undefined
}
