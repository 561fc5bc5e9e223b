/** A JSON object under construction. */
export type Json = Record<string, unknown>

/** Which of the two documents a part is for. */
export type Dialect = 'v2' | 'v3'

/** Where definitions stand in the document. */
export function refTo(definition: string, dialect: Dialect): Json {
  const place = dialect === 'v2' ? '#/definitions/' : '#/components/schemas/'
  return { $ref: place + definition }
}
