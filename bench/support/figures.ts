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
