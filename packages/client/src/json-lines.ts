/** Cuts a byte stream at newlines; what arrived together comes together. A last line without a newline is dropped. */
export async function* splitLines(stream: AsyncIterable<Buffer>): AsyncIterable<string[]> {
  let rest: Buffer[] = []
  for await (const chunk of stream) {
    const end = chunk.lastIndexOf(10)
    if (end < 0) {
      rest.push(chunk)
      continue
    }
    const text = Buffer.concat([...rest, chunk.subarray(0, end)]).toString()
    rest = end + 1 < chunk.length ? [chunk.subarray(end + 1)] : []
    const lines = text.split('\n').filter((line) => line !== '')
    if (lines.length > 0) yield lines
  }
}
