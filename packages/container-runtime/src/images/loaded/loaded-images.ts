import { createHash } from 'node:crypto'
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { KeyedQueue } from '../../cri/keyed-queue.ts'
import type { ImageDefinition } from '../image.ts'
import { parseReference } from '../reference.ts'
import { DigestedStream, receiveArchive } from './archive-files.ts'
import type { ArchiveFiles } from './archive-files.ts'
import { readArchive } from './image-manifests.ts'
import type { ArchivedImage } from './image-manifests.ts'
import { unpackLayer } from './unpack-layer.ts'
import type { MakeNodes } from './unpack-layer.ts'

/** What is remembered of a loaded image. */
export interface LoadedImage {
  readonly id: string
  /** Full names with tag; none when others took them or it was removed while a container ran from it. */
  names: string[]
  readonly repositories: string[]
  readonly manifestDigest: string
  /** Keys of the unpacked layers, lowest first. */
  readonly layers: readonly string[]
  readonly sizeBytes: number
  readonly config: ImageDefinition['config']
}

/**
 * Images that people brought as archives: configurations by digest, layers unpacked once for all images that share
 * them, a file that says what there is. A load that dies leaves nothing but garbage, which the next start removes.
 */
export class LoadedImages {
  readonly #dir: string
  readonly #makeNodes: MakeNodes
  readonly #queue = new KeyedQueue()
  readonly #images: Map<string, LoadedImage>
  readonly #definitions = new Map<string, ImageDefinition>()

  constructor(dir: string, makeNodes: MakeNodes) {
    this.#dir = dir
    this.#makeNodes = makeNodes
    this.#images = new Map(readList(this.#listFile).map((image) => [image.id, image]))
    rmSync(join(dir, 'incoming'), { recursive: true, force: true })
    this.#collectLayers()
  }

  list(): LoadedImage[] {
    return [...this.#images.values()]
  }

  named(name: string): LoadedImage | undefined {
    return this.list().find(({ names }) => names.includes(name))
  }

  definition(id: string): ImageDefinition | undefined {
    const image = this.#images.get(id)
    if (!image) return undefined
    let definition = this.#definitions.get(id)
    if (!definition) {
      definition = this.#define(image)
      this.#definitions.set(id, definition)
    }
    return definition
  }

  /** Takes an archive in; its images have their names when this resolves. */
  load(archive: AsyncIterable<Buffer>, tag: string): Promise<LoadedImage[]> {
    return this.#queue.run('load', async () => {
      const incoming = join(this.#dir, 'incoming')
      try {
        const files = await receiveArchive(archive, incoming)
        const loaded: LoadedImage[] = []
        for (const image of readArchive(files, tag)) loaded.push(await this.#take(image, files))
        return loaded
      } finally {
        rmSync(incoming, { recursive: true, force: true })
      }
    })
  }

  /** Takes the names away; the image goes when `isUsed` says that no container runs from it. */
  remove(id: string, isUsed: (id: string) => boolean): void {
    const image = this.#images.get(id)
    if (!image) return
    image.names = []
    this.collect(isUsed)
  }

  /** Removes images without names that nobody uses. */
  collect(isUsed: (id: string) => boolean): void {
    const gone = this.list().filter(({ id, names }) => names.length === 0 && !isUsed(id))
    if (gone.length === 0) return
    for (const { id } of gone) {
      this.#images.delete(id)
      this.#definitions.delete(id)
      rmSync(this.#configFile(id), { force: true })
    }
    this.#save()
    this.#collectLayers()
  }

  async #take(image: ArchivedImage, files: ArchiveFiles): Promise<LoadedImage> {
    const layers: string[] = []
    for (const layer of image.layers) {
      const key = layerKey(layers.at(-1), layer.diffId)
      if (!existsSync(this.#layerDir(key))) await this.#unpack(key, layer, layers, files)
      layers.push(key)
    }
    mkdirSync(join(this.#dir, 'blobs/sha256'), { recursive: true })
    writeFileSync(this.#configFile(image.id), image.configBytes)
    return this.#name(image, layers, sizeOf(image, files))
  }

  #name(image: ArchivedImage, layers: readonly string[], sizeBytes: number): LoadedImage {
    for (const other of this.#images.values())
      other.names = other.names.filter((name) => !image.names.includes(name))
    const before = this.#images.get(image.id)
    const names = [...new Set([...(before?.names ?? []), ...image.names])].sort()
    const repositories = [...new Set(names.map((name) => parseReference(name)!.repository))]
    const { id, manifestDigest, config } = image
    const loaded = { id, names, repositories, manifestDigest, layers, sizeBytes, config }
    this.#images.set(id, loaded)
    this.#definitions.delete(id)
    this.#save()
    return loaded
  }

  async #unpack(
    key: string,
    { file, diffId }: ArchivedImage['layers'][number],
    lower: readonly string[],
    files: ArchiveFiles,
  ): Promise<void> {
    const scratch = `${this.#layerDir(key)}.part`
    rmSync(scratch, { recursive: true, force: true })
    const stream = new DigestedStream(files.layer(file))
    const below = [...lower].reverse().map((parent) => this.#layerRoot(parent))
    await unpackLayer(stream, join(scratch, 'fs'), below, this.#makeNodes)
    const digest = stream.digest()
    if (digest !== diffId) {
      rmSync(scratch, { recursive: true, force: true })
      throw new Error(`layer ${file} has the digest ${digest}, not ${diffId}`)
    }
    renameSync(scratch, this.#layerDir(key))
  }

  #define(image: LoadedImage): ImageDefinition {
    return {
      repository: image.repositories[0] ?? '',
      version: '',
      config: image.config,
      programs: {},
      isForeign: true,
      files: {},
      layers: [...image.layers].reverse().map((key) => this.#layerRoot(key)),
      sizeBytes: image.sizeBytes,
    }
  }

  #collectLayers(): void {
    const used = new Set(this.list().flatMap(({ layers }) => layers))
    const dir = join(this.#dir, 'layers')
    if (!existsSync(dir)) return
    for (const key of readdirSync(dir))
      if (!used.has(key)) rmSync(join(dir, key), { recursive: true, force: true })
  }

  #layerDir(key: string): string {
    return join(this.#dir, 'layers', key)
  }

  #layerRoot(key: string): string {
    return join(this.#layerDir(key), 'fs')
  }

  #configFile(id: string): string {
    return join(this.#dir, 'blobs', id.replace(':', '/'))
  }

  get #listFile(): string {
    return join(this.#dir, 'loaded.json')
  }

  #save(): void {
    mkdirSync(this.#dir, { recursive: true, mode: 0o711 })
    writeFileSync(`${this.#listFile}.tmp`, JSON.stringify(this.list(), null, 1))
    renameSync(`${this.#listFile}.tmp`, this.#listFile)
  }
}

/**
 * The chain of a layer and all below it (OCI image spec, ChainID), cut short: mount(2) takes one page of options, and
 * the layers' paths are in it.
 */
function layerKey(parent: string | undefined, diffId: string): string {
  return createHash('sha256')
    .update(`${parent ?? ''} ${diffId}`)
    .digest('hex')
    .slice(0, 24)
}

function sizeOf(image: ArchivedImage, files: ArchiveFiles): number {
  const layers = image.layers.map(({ file }) => statSync(files.place(file)).size)
  return layers.reduce((sum, bytes) => sum + bytes, image.configBytes.length)
}

function readList(path: string): LoadedImage[] {
  if (!existsSync(path)) return []
  return JSON.parse(readFileSync(path, 'utf8')) as LoadedImage[]
}
