import { createReadStream, lstatSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { blockBytes, formatHeader } from './tar-header.ts'

/** One member to be written. */
export interface TarContent {
  readonly name: string
  readonly typeFlag: '0' | '5'
  readonly mode: number
  readonly size: number
  readonly content: AsyncIterable<Buffer> | Iterable<Buffer>
}

/** An archive of these members, with GNU's long names where they are needed. */
export async function* writeTar(
  members: AsyncIterable<TarContent> | Iterable<TarContent>,
): AsyncGenerator<Buffer> {
  for await (const { content, ...header } of members) {
    const name = Buffer.from(header.name)
    if (name.length > 100) {
      yield formatHeader({ name: '././@LongLink', typeFlag: 'L', mode: 0, size: name.length + 1 })
      yield Buffer.concat([name, Buffer.alloc(blockBytes - (name.length % blockBytes))])
    }
    yield formatHeader(header)
    yield* content
    const over = header.size % blockBytes
    if (over > 0) yield Buffer.alloc(blockBytes - over)
  }
  yield Buffer.alloc(2 * blockBytes)
}

/** The regular files below a directory, links followed, as an archive's members. */
export function* filesBelow(dir: string, below = ''): Generator<TarContent> {
  for (const entry of readdirSync(join(dir, below), { withFileTypes: true })) {
    const name = join(below, entry.name)
    if (entry.isDirectory()) yield* filesBelow(dir, name)
    else if (entry.isFile()) yield fileMember(join(dir, name), name)
  }
}

function fileMember(path: string, name: string): TarContent {
  const { size } = lstatSync(path)
  return { name, typeFlag: '0', mode: 0o644, size, content: createReadStream(path) }
}
