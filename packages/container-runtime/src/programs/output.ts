/** A line on standard output: what the container's log shows. */
export function printLine(text: string): void {
  process.stdout.write(`${text}\n`)
}

/** A line on standard error. */
export function warnLine(text: string): void {
  process.stderr.write(`${text}\n`)
}
