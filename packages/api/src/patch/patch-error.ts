/**
 * * A strategic merge patch that cannot be applied. Upstream answers a few of them with a 4xx, and all
 * others with a 500, which a client sees: `plain`.
 */
export class PatchError extends Error {
  override name = 'PatchError'
  readonly answer: 'BadRequest' | 'Unprocessable' | 'plain'

  constructor(message: string, answer: PatchError['answer'] = 'plain') {
    super(message)
    this.answer = answer
  }
}
