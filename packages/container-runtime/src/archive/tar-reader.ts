import { applyPax, blockBytes, parseHeader, parsePax, TarError, typeOf } from './tar-header.ts'
import type { RawHeader, TarHeader } from './tar-header.ts'

/** A member with its content, which has to be read (or left) before the next member is asked for. */
export interface TarMember {
  readonly header: TarHeader
  readonly content: AsyncIterable<Buffer>
}

/** Reads an archive from its beginning; memory stays small whatever the sizes. Throws TarError where it is none. */
export async function* readTar(source: AsyncIterable<Buffer>): AsyncGenerator<TarMember> {
  const input = new BlockInput(source)
  let pax = new Map<string, string>()
  for (;;) {
    const block = await input.take(blockBytes)
    if (block === undefined) return
    const raw = parseHeader(block)
    if (raw === undefined) return input.drain()
    const extension = await readExtension(raw, input)
    if (extension) {
      pax = new Map([...pax, ...extension])
      continue
    }
    const header = applyPax(raw, pax)
    pax = new Map()
    const type = typeOf(header.typeFlag)
    const size = type === 'file' || type === undefined ? header.size : 0
    const content = new MemberContent(input, size)
    if (type !== undefined) yield { header: { ...header, type }, content }
    await content.skip()
  }
}

/** GNU's L and K are a long name; x is a pax header for the next member, g one for all, which no image tool writes. */
async function readExtension(
  raw: RawHeader,
  input: BlockInput,
): Promise<Map<string, string> | undefined> {
  const key = { L: 'path', K: 'linkpath', x: '', g: '' }[raw.typeFlag]
  if (key === undefined) return undefined
  const data = await input.takePadded(raw.size)
  if (raw.typeFlag === 'g') return new Map()
  if (key === '') return parsePax(data)
  return new Map([[key, data.toString('utf8').replace(/\0+$/, '')]])
}

/** Chunks of any size, taken in pieces of a wanted size. */
class BlockInput {
  readonly #chunks: AsyncIterator<Buffer>
  #rest: Buffer = Buffer.alloc(0)

  constructor(source: AsyncIterable<Buffer>) {
    this.#chunks = source[Symbol.asyncIterator]()
  }

  /** Undefined at the end of the input, which may only be between members. */
  async take(size: number): Promise<Buffer | undefined> {
    const parts: Buffer[] = []
    let missing = size
    while (missing > 0) {
      const part = await this.some(missing)
      if (part === undefined) {
        if (missing === size) return undefined
        throw new TarError('the archive ends in the middle of a member')
      }
      parts.push(part)
      missing -= part.length
    }
    return parts.length === 1 ? parts[0] : Buffer.concat(parts)
  }

  async takePadded(size: number): Promise<Buffer> {
    if (size > maxExtensionBytes) throw new TarError('an extension header is too long')
    const data = await this.take(size + paddingOf(size))
    if (data === undefined && size > 0)
      throw new TarError('the archive ends in the middle of a member')
    return (data ?? Buffer.alloc(0)).subarray(0, size)
  }

  /** Up to that many bytes, as they come. */
  async some(most: number): Promise<Buffer | undefined> {
    while (this.#rest.length === 0) {
      const next = await this.#chunks.next()
      if (next.done) return undefined
      this.#rest = next.value
    }
    const part = this.#rest.subarray(0, most)
    this.#rest = this.#rest.subarray(part.length)
    return part
  }

  /** What follows the end is padding; a digest of the whole stream must see it. */
  async drain(): Promise<void> {
    this.#rest = Buffer.alloc(0)
    while (!(await this.#chunks.next()).done);
  }
}

const maxExtensionBytes = 1 << 20

function paddingOf(size: number): number {
  return (blockBytes - (size % blockBytes)) % blockBytes
}

class MemberContent implements AsyncIterable<Buffer> {
  readonly #input: BlockInput
  #left: number
  #padding: number

  constructor(input: BlockInput, size: number) {
    this.#input = input
    this.#left = size
    this.#padding = paddingOf(size)
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Buffer> {
    for (let part = await this.#next(); part !== undefined; part = await this.#next()) yield part
  }

  async skip(): Promise<void> {
    while ((await this.#next()) !== undefined);
    if (this.#padding > 0) await this.#input.take(this.#padding)
    this.#padding = 0
  }

  async #next(): Promise<Buffer | undefined> {
    if (this.#left === 0) return undefined
    const part = await this.#input.some(this.#left)
    if (part === undefined) throw new TarError('the archive ends in the middle of a member')
    this.#left -= part.length
    return part
  }
}
