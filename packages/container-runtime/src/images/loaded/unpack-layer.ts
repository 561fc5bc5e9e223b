import {
  chmodSync,
  closeSync,
  existsSync,
  lchownSync,
  linkSync,
  lstatSync,
  lutimesSync,
  mkdirSync,
  openSync,
  rmSync,
  symlinkSync,
  writeSync,
} from 'node:fs'
import { dirname, join } from 'node:path'
import type { TarHeader } from '../../archive/tar-header.ts'
import { readTar } from '../../archive/tar-reader.ts'
import type { TarMember } from '../../archive/tar-reader.ts'
import { LayeredTree, partsOf } from './layered-tree.ts'

/** A node that only mknod(1) can make. */
export interface SpecialNode {
  readonly path: string
  readonly type: 'c' | 'b' | 'p'
  readonly major: number
  readonly minor: number
  readonly mode: number
}

/** Makes special files; Node cannot. */
export type MakeNodes = (nodes: readonly SpecialNode[]) => Promise<void>

const whiteoutPrefix = '.wh.'
const opaqueMark = '.wh..wh..opq'

/**
 * Writes a layer's tar stream into `root` as overlayfs wants to find it, over `lower` (top first). Removed names become
 * whiteout devices; a directory that hides what is below it (an opaque one) gets a whiteout for each hidden name,
 * because extended attributes cannot be set from here.
 */
export async function unpackLayer(
  layer: AsyncIterable<Buffer>,
  root: string,
  lower: readonly string[],
  makeNodes: MakeNodes,
): Promise<void> {
  mkdirSync(root, { recursive: true, mode: 0o755 })
  const unpacker = new Unpacker(root, lower)
  for await (const member of readTar(layer)) await unpacker.add(member)
  await makeNodes(unpacker.finish())
}

class Unpacker {
  readonly #root: string
  readonly #lower: LayeredTree
  readonly #merged: LayeredTree
  readonly #canChown = process.getuid?.() === 0
  readonly #whiteouts = new Set<string>()
  readonly #opaque = new Set<string>()
  readonly #nodes: SpecialNode[] = []
  readonly #directoryTimes: { readonly path: string; readonly seconds: number }[] = []

  constructor(root: string, lower: readonly string[]) {
    this.#root = root
    this.#lower = new LayeredTree(lower)
    this.#merged = new LayeredTree([root, ...lower])
  }

  async add({ header, content }: TarMember): Promise<void> {
    const parts = memberParts(header.name)
    const name = parts.pop()
    if (name === undefined) return this.#setAttributes(this.#root, header) // the root itself
    const folder = this.#merged.resolve(parts.join('/'))
    if (name === opaqueMark) return void this.#opaque.add(folder)
    if (name.startsWith(whiteoutPrefix))
      return void this.#whiteouts.add(join(folder, name.slice(whiteoutPrefix.length)))
    this.#makeFolder(folder)
    await this.#write(join(folder, name), header, content)
  }

  /** The nodes that remain to be made, whiteouts among them. */
  finish(): SpecialNode[] {
    for (const folder of this.#opaque) {
      for (const name of this.#lower.list(folder)) this.#whiteouts.add(join(folder, name))
    }
    for (const path of this.#whiteouts) this.#addWhiteout(path)
    for (const { path, seconds } of this.#directoryTimes.reverse())
      lutimesSync(path, seconds, seconds)
    return this.#nodes
  }

  /** What the same layer brings is not hidden by it, and what is not there needs no hiding. */
  #addWhiteout(path: string): void {
    const place = join(this.#root, path)
    if (lstatSync(place, { throwIfNoEntry: false }) || !this.#lower.find(dirname(path))) return
    if (!this.#lower.list(dirname(path)).includes(path.split('/').at(-1)!)) return
    this.#makeFolder(dirname(path))
    this.#nodes.push({ path: place, type: 'c', major: 0, minor: 0, mode: 0 })
  }

  /** Folders that the layer does not bring look as they do below. */
  #makeFolder(folder: string): void {
    const parts = partsOf(folder)
    for (let i = 1; i <= parts.length; i++) {
      const path = parts.slice(0, i).join('/')
      const place = join(this.#root, path)
      if (existsSync(place)) continue
      const below = this.#lower.find(path)?.stat
      mkdirSync(place, { mode: 0o755 })
      chmodSync(place, (below?.mode ?? 0o755) & 0o7777)
      if (below && this.#canChown) lchownSync(place, below.uid, below.gid)
    }
  }

  async #write(path: string, header: TarHeader, content: AsyncIterable<Buffer>): Promise<void> {
    const place = join(this.#root, path)
    const existing = lstatSync(place, { throwIfNoEntry: false })
    if (existing && !(existing.isDirectory() && header.type === 'directory'))
      rmSync(place, { recursive: true })
    switch (header.type) {
      case 'directory':
        if (!existing?.isDirectory()) mkdirSync(place)
        this.#directoryTimes.push({ path: place, seconds: header.mtimeMs / 1000 })
        break
      case 'file':
        await writeContent(place, content)
        break
      case 'symlink':
        symlinkSync(header.linkName, place)
        break
      case 'hardLink':
        return linkSync(this.#linkTarget(header), place) // one inode: attributes are the target's
      case 'charDevice':
      case 'blockDevice':
      case 'fifo':
        return void this.#nodes.push(nodeOf(place, header))
    }
    this.#setAttributes(place, header)
  }

  #linkTarget(header: TarHeader): string {
    const parts = memberParts(header.linkName)
    const name = parts.pop() ?? ''
    const folder = this.#merged.resolve(parts.join('/'))
    const own = join(this.#root, folder, name)
    if (lstatSync(own, { throwIfNoEntry: false })) return own
    const below = this.#lower.find(join(folder, name))
    if (!below)
      throw new Error(`${header.name} is a link to ${header.linkName}, which is not there`)
    return below.place
  }

  #setAttributes(place: string, header: TarHeader): void {
    if (this.#canChown) this.#chown(place, header)
    const seconds = header.mtimeMs / 1000
    if (header.type !== 'symlink') chmodSync(place, header.mode & 0o7777)
    if (header.type !== 'directory') lutimesSync(place, seconds, seconds)
  }

  /** In a small user namespace most of an image's owners do not exist: those files are root's. */
  #chown(place: string, { uid, gid }: TarHeader): void {
    try {
      lchownSync(place, uid, gid)
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EINVAL') throw error
    }
  }
}

/** An archive is not trusted: a name that climbs is refused. */
function memberParts(name: string): string[] {
  const parts = name.split('/').filter((part) => part !== '' && part !== '.')
  if (parts.includes('..')) throw new Error(`${name}: a path in an image may not hold ..`)
  return parts
}

async function writeContent(place: string, content: AsyncIterable<Buffer>): Promise<void> {
  const fd = openSync(place, 'wx', 0o600)
  try {
    for await (const chunk of content) writeSync(fd, chunk)
  } finally {
    closeSync(fd)
  }
}

function nodeOf(path: string, header: TarHeader): SpecialNode {
  const types = { charDevice: 'c', blockDevice: 'b', fifo: 'p' } as const
  const { deviceMajor: major, deviceMinor: minor, mode } = header
  return { path, type: types[header.type as keyof typeof types], major, minor, mode }
}
