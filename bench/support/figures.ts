import { cpus, release, totalmem } from 'node:os'

/** Middle, least and most of several runs. */
export function summary(values: readonly number[], unit: string, digits = 0): string {
  const sorted = [...values].sort((a, b) => a - b)
  const middle = sorted.length / 2
  const median =
    sorted.length % 2 === 1
      ? sorted[Math.floor(middle)]!
      : (sorted[middle - 1]! + sorted[middle]!) / 2
  const show = (value: number): string => value.toFixed(digits)
  return `median ${show(median)} ${unit}, ${show(sorted[0]!)} to ${show(sorted.at(-1)!)} (${values.length} runs)`
}

/** What was measured on. */
export function machineLine(): string {
  const model = cpus()[0]?.model.trim() ?? 'unknown processor'
  const memory = Math.round(totalmem() / 2 ** 30)
  return `${cpus().length} x ${model}, ${memory} GiB, Linux ${release()}, Node ${process.version}`
}

export function median(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)]!
}

/** The value below which `fraction` of them are. */
export function percentile(values: readonly number[], fraction: number): number {
  const sorted = [...values].sort((a, b) => a - b)
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * fraction))]!
}

/** One line of a table: a name and right-aligned cells. */
export function row(name: string, cells: readonly string[]): string {
  return name.padEnd(30) + cells.map((cell) => cell.padStart(12)).join('')
}
