import { createHash } from 'node:crypto'
import { readFileSync, renameSync, writeFileSync } from 'node:fs'
import { RpcError, status } from '@kemu/rpc'
import type { Catalogue } from './catalogue.ts'
import type { ImageDefinition } from './image.ts'
import type { LoadedImage, LoadedImages } from './loaded/loaded-images.ts'
import { formatReference, parseReference } from './reference.ts'
import type { ImageReference } from './reference.ts'

/** An image that is on this node. */
export interface StoredImage {
  /** `sha256:` and the digest of the definition. */
  readonly id: string
  readonly repoTags: readonly string[]
  readonly repoDigests: readonly string[]
  readonly definition: ImageDefinition
  /** Never collected: the pause image. */
  readonly pinned: boolean
}

/** The digest of a definition: equal definitions are one image, whatever their names. */
export function imageId(definition: ImageDefinition): string {
  // Sizes change with every build of kemu; what the image is does not.
  return `sha256:${digestOf({ ...definition, sizeBytes: 0 })}`
}

function digestOf(value: unknown): string {
  return createHash('sha256').update(JSON.stringify(value)).digest('hex')
}

/** The digest that a repository knows the image by; like a manifest's, it differs from the image's id. */
function manifestDigest(definition: ImageDefinition): string {
  return `sha256:${digestOf({ schemaVersion: 2, config: imageId(definition) })}`
}

/**
 * The images of this node. Pulling takes a definition from the catalogue (the stand-in for all registries) into the
 * node's list, so that pull policies, events and garbage collection mean what they mean elsewhere. The list is a file.
 * A loaded image stands before one of the catalogue with the same name; it is in no registry, so it cannot be pulled.
 */
export class ImageStore {
  readonly #path: string
  readonly #catalogue: Catalogue
  readonly #loaded: LoadedImages
  /** Full names with tag, of the images that are here. */
  readonly #names: Set<string>
  readonly #definitions = new Map<string, ImageDefinition>()

  constructor(
    path: string,
    catalogue: Catalogue,
    preloaded: readonly string[],
    loaded: LoadedImages,
  ) {
    this.#path = path
    this.#catalogue = catalogue
    this.#loaded = loaded
    for (const definition of catalogue.definitions())
      this.#definitions.set(imageId(definition), definition)
    const names = readNames(path).filter((name) => catalogue.find(name) !== undefined)
    this.#names = new Set([...preloaded, ...names])
  }

  /** Any definition of this version of kemu, also of images that were removed while a container runs from them. */
  definition(id: string): ImageDefinition | undefined {
    return this.#loaded.definition(id) ?? this.#definitions.get(id)
  }

  list(): StoredImage[] {
    const loaded = this.#loaded.list().filter(({ names }) => names.length > 0)
    return [...loaded.map((image) => this.#viewLoaded(image)), ...this.#listPulled()]
  }

  #viewLoaded({ id, names, repositories, manifestDigest }: LoadedImage): StoredImage {
    return {
      id,
      repoTags: names,
      repoDigests: repositories.map((repository) => `${repository}@${manifestDigest}`),
      definition: this.#loaded.definition(id)!,
      pinned: false,
    }
  }

  #listPulled(): StoredImage[] {
    const byId = new Map<string, { definition: ImageDefinition; tags: string[] }>()
    for (const name of this.#names) {
      const definition = this.#catalogue.find(name)
      if (!definition || this.#loaded.named(name)) continue
      const id = imageId(definition)
      const entry = byId.get(id) ?? { definition, tags: [] }
      entry.tags.push(name)
      byId.set(id, entry)
    }
    return [...byId].map(([id, { definition, tags }]) => ({
      id,
      repoTags: tags.sort(),
      repoDigests: [...new Set(tags.map((tag) => tag.replace(/:[^:/]*$/, '')))].map(
        (repository) => `${repository}@${manifestDigest(definition)}`,
      ),
      definition,
      pinned: definition.repository === 'registry.k8s.io/pause',
    }))
  }

  /** By id (whole or a beginning), by name, or by digest. */
  find(text: string): StoredImage | undefined {
    const images = this.list()
    const bare = text.replace(/^sha256:/, '')
    const byId = images.filter((image) => image.id === text || image.id.slice(7).startsWith(bare))
    if (/^(sha256:)?[0-9a-f]{6,64}$/.test(text) && byId.length === 1) return byId[0]
    const reference = parseReference(text)
    if (!reference) return undefined
    return images.find((image) => matches(image, reference))
  }

  pull(text: string): StoredImage {
    const reference = parseReference(text)
    if (!reference)
      throw new RpcError(
        status.INVALID_ARGUMENT,
        `failed to parse image reference ${JSON.stringify(text)}: invalid reference format`,
      )
    const name = this.#resolve(reference)
    if (name === undefined) throw this.#unknown(text, reference)
    const loaded = this.#loaded.named(name)
    if (loaded) return this.#viewLoaded(loaded)
    if (!this.#names.has(name)) {
      this.#names.add(name)
      this.#save()
    }
    return this.find(name)!
  }

  /** All names of the image; an unknown image is removed already. What `isUsed` says runs from it keeps its files. */
  remove(text: string, isUsed: (imageId: string) => boolean = () => false): void {
    const image = this.find(text)
    if (!image) return
    if (this.#loaded.definition(image.id)) return this.#loaded.remove(image.id, isUsed)
    for (const tag of image.repoTags) this.#names.delete(tag)
    this.#save()
  }

  /** Removes loaded images that lost their names and are not used any more. */
  collect(isUsed: (imageId: string) => boolean): void {
    this.#loaded.collect(isUsed)
  }

  #resolve(reference: ImageReference): string | undefined {
    const { repository, tag, digest } = reference
    if (digest === undefined) {
      const name = formatReference({ repository, tag, digest })
      return this.#catalogue.find(name) ? name : undefined
    }
    return this.#catalogue
      .names()
      .find(
        (name) =>
          name.startsWith(`${repository}:`) &&
          manifestDigest(this.#catalogue.find(name)!) === digest,
      )
  }

  #unknown(text: string, reference: ImageReference): RpcError {
    const full = formatReference(reference)
    const isLoaded = this.find(text) !== undefined
    const tags = this.#catalogue.tagsOf(reference.repository)
    const hint = isLoaded
      ? 'it was loaded and is in no registry: imagePullPolicy IfNotPresent or Never uses it'
      : tags.length > 0
        ? `known tags of ${reference.repository}: ${tags.join(', ')}`
        : `images of kemu: ${this.#catalogue.repositories().join(', ')}`
    return new RpcError(
      status.NOT_FOUND,
      `failed to pull and unpack image ${JSON.stringify(full)}: failed to resolve reference ${JSON.stringify(full)}: ` +
        `${text}: not found (${hint})`,
    )
  }

  #save(): void {
    writeFileSync(`${this.#path}.tmp`, JSON.stringify([...this.#names].sort()))
    renameSync(`${this.#path}.tmp`, this.#path)
  }
}

function matches(image: StoredImage, { repository, tag, digest }: ImageReference): boolean {
  if (digest !== undefined) return image.repoDigests.includes(`${repository}@${digest}`)
  return image.repoTags.includes(`${repository}:${tag}`)
}

function readNames(path: string): string[] {
  try {
    return JSON.parse(readFileSync(path, 'utf8')) as string[]
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return []
    throw error
  }
}
