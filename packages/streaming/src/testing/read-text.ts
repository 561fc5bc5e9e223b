import type { Readable } from 'node:stream'

/** Everything that comes until the end. (Not by `for await`: that destroys a stream whose other half is still needed.) */
export function readText(stream: Readable): Promise<string> {
  return new Promise((resolve) => {
    const chunks: Buffer[] = []
    const finish = (): void => resolve(Buffer.concat(chunks).toString())
    stream.on('data', (chunk: Buffer) => chunks.push(chunk))
    stream.on('end', finish)
    stream.on('close', finish)
  })
}
