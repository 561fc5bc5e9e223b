/** A Corefile that cannot be used; the message names file and line as CoreDNS does. */
export class CorefileError extends Error {
  override name = 'CorefileError'

  constructor(file: string, line: number, message: string) {
    super(`${file}:${line} - Error during parsing: ${message}`)
  }
}
