/**
 * Headers or trailers of a call, by name in lower case; a name that comes twice has both values, joined by a comma.
 * Names that end in `-bin` hold bytes, in base64.
 */
export type Metadata = Readonly<Record<string, string>>

/** Bytes as a value of a name that ends in `-bin`. */
export function binaryValue(bytes: Buffer): string {
  return bytes.toString('base64')
}

export function bytesOf(metadata: Metadata, name: `${string}-bin`): Buffer | undefined {
  const value = metadata[name]
  return value === undefined ? undefined : Buffer.from(value, 'base64')
}
