import { parseTime } from '../../time.ts'

const secondMs = 1000
const minuteMs = 60 * secondMs
const hourMs = 60 * minuteMs

/** How long ago, as `kubectl get` shows it; `<unknown>` where the time is not set. */
export function since(time: string | undefined | null, nowMs: number): string {
  return time ? humanDuration(nowMs - parseTime(time)) : '<unknown>'
}

/**
 * A duration in at most two units, coarser the longer it is (apimachinery/util/duration HumanDuration): 95s, 4m5s,
 * 7h30m, 3d2h. One second into the future still counts as now, more is `<invalid>`.
 */
export function humanDuration(ms: number): string {
  const seconds = Math.trunc(ms / secondMs)
  if (seconds < -1) return '<invalid>'
  if (seconds < 0) return '0s'
  if (seconds < 120) return `${seconds}s`
  const minutes = Math.trunc(ms / minuteMs)
  if (minutes < 10) return twoUnits(minutes, 'm', seconds % 60, 's')
  if (minutes < 180) return `${minutes}m`
  const hours = Math.trunc(ms / hourMs)
  if (hours < 8) return twoUnits(hours, 'h', minutes % 60, 'm')
  if (hours < 48) return `${hours}h`
  const days = Math.trunc(hours / 24)
  if (days < 8) return twoUnits(days, 'd', hours % 24, 'h')
  if (days < 2 * 365) return `${days}d`
  const years = Math.trunc(days / 365)
  if (years < 8) return twoUnits(years, 'y', days % 365, 'd')
  return `${years}y`
}

function twoUnits(major: number, majorUnit: string, minor: number, minorUnit: string): string {
  return minor === 0 ? `${major}${majorUnit}` : `${major}${majorUnit}${minor}${minorUnit}`
}
