/**
 * A refused request of the kubelet's API: answered with this code and the message as plain text.
 */
export class HttpError extends Error {
  override name = 'HttpError'
  readonly code: number

  constructor(code: number, message: string) {
    super(message)
    this.code = code
  }
}
