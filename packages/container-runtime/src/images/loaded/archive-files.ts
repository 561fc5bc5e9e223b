import { createHash } from 'node:crypto'
import {
  createReadStream,
  createWriteStream,
  existsSync,
  mkdirSync,
  openSync,
  readFileSync,
} from 'node:fs'
import { closeSync, readSync, renameSync } from 'node:fs'
import { dirname, join, posix } from 'node:path'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import * as zlib from 'node:zlib'
import { readTar } from '../../archive/tar-reader.ts'

/** An archive (or an OCI layout) as files of a scratch directory, under the archive's own names. */
export class ArchiveFiles {
  readonly #dir: string
  /** Old versions of Docker write a repeated layer as a link. */
  readonly #links: ReadonlyMap<string, string>

  constructor(dir: string, links: ReadonlyMap<string, string> = new Map()) {
    this.#dir = dir
    this.#links = links
  }

  has(name: string): boolean {
    return existsSync(this.place(name))
  }

  place(name: string): string {
    const target = this.#links.get(posix.normalize(name))
    return join(this.#dir, safeName(target ?? name))
  }

  json(name: string): unknown {
    try {
      return JSON.parse(this.bytes(name).toString('utf8'))
    } catch (error) {
      throw new Error(`${name} in the archive is no JSON: ${(error as Error).message}`, {
        cause: error,
      })
    }
  }

  bytes(name: string): Buffer {
    if (!this.has(name)) throw new Error(`the archive lacks ${name}`)
    return readFileSync(this.place(name))
  }

  /** A layer's tar stream, whatever it is packed with. */
  layer(name: string): AsyncIterable<Buffer> {
    if (!this.has(name)) throw new Error(`the archive lacks ${name}`)
    return unpacked(this.place(name), name)
  }
}

/** Writes the members of an archive that arrives as a stream (gzip or not) to a directory. */
export async function receiveArchive(
  source: AsyncIterable<Buffer>,
  dir: string,
): Promise<ArchiveFiles> {
  mkdirSync(dir, { recursive: true, mode: 0o700 })
  const whole = join(dir, '.archive')
  await pipeline(Readable.from(source, { objectMode: false }), createWriteStream(whole))
  const links = new Map<string, string>()
  for await (const { header, content } of readTar(unpacked(whole, 'the archive'))) {
    const name = posix.normalize(header.name)
    if (header.type === 'symlink') links.set(name, posix.join(posix.dirname(name), header.linkName))
    else if (header.type === 'hardLink') links.set(name, posix.normalize(header.linkName))
    else if (header.type === 'file') await store(join(dir, safeName(name)), content)
  }
  return new ArchiveFiles(dir, links)
}

async function store(path: string, content: AsyncIterable<Buffer>): Promise<void> {
  mkdirSync(dirname(path), { recursive: true })
  await pipeline(Readable.from(content, { objectMode: false }), createWriteStream(`${path}.part`))
  renameSync(`${path}.part`, path)
}

function safeName(name: string): string {
  const path = posix.normalize(name)
  if (path.startsWith('/') || path.startsWith('..'))
    throw new Error(`${name}: a name in an archive may not climb`)
  return path
}

/** By the first bytes, because names and media types are often wrong. */
function unpacked(path: string, what: string): AsyncIterable<Buffer> {
  const start = firstBytes(path)
  const stream = createReadStream(path, { highWaterMark: 1 << 18 })
  if (start.startsWith('1f8b')) return piped(stream, zlib.createGunzip())
  if (!start.startsWith('28b52ffd')) return stream
  // Node has zstd since 22.15.
  const zstd = (zlib as { createZstdDecompress?: () => zlib.Gunzip }).createZstdDecompress
  if (!zstd)
    throw new Error(`${what} is packed with zstd, which Node ${process.version} cannot read`)
  return piped(stream, zstd())
}

/** Errors of the file reach the reader too. */
function piped(source: Readable, target: zlib.Gunzip): AsyncIterable<Buffer> {
  source.on('error', (error) => target.destroy(error))
  return source.pipe(target)
}

function firstBytes(path: string): string {
  const fd = openSync(path, 'r')
  try {
    const bytes = Buffer.alloc(4)
    readSync(fd, bytes, 0, 4, 0)
    return bytes.toString('hex')
  } finally {
    closeSync(fd)
  }
}

/** Passes a stream on and knows its digest at the end. */
export class DigestedStream {
  readonly #hash = createHash('sha256')
  readonly #source: AsyncIterable<Buffer>

  constructor(source: AsyncIterable<Buffer>) {
    this.#source = source
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Buffer> {
    for await (const chunk of this.#source) {
      this.#hash.update(chunk)
      yield chunk
    }
  }

  digest(): string {
    return `sha256:${this.#hash.digest('hex')}`
  }
}
