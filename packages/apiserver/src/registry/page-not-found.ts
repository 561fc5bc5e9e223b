/** A path that belongs to nothing: over HTTP the answer is Go's plain text, and no Status. */
export class PageNotFound extends Error {
  override name = 'PageNotFound'

  constructor() {
    super('404 page not found')
  }
}
