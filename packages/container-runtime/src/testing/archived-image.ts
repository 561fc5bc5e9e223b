import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { architecture } from '../images/loaded/image-manifests.ts'
import { parseLdd } from '../process/toolbox.ts'

/** A layer as a shell script that makes files in an empty directory. */
export interface LayerScript {
  readonly script: string
  readonly gzip?: boolean
}

export interface ArchiveOptions {
  readonly tags: readonly string[]
  readonly layers: readonly LayerScript[]
  /** The image configuration's `config`. */
  readonly config?: object
  readonly architecture?: string
}

/** An image made for a test, in the two forms in which images come. */
export class ArchivedImage {
  readonly dir = mkdtempSync(join(tmpdir(), 'kemu-image-'))
  readonly #options: ArchiveOptions
  readonly #blobs = new Map<string, Buffer>()
  readonly #layers: { readonly digest: string; readonly diffId: string }[] = []

  constructor(options: ArchiveOptions) {
    this.#options = options
    for (const layer of options.layers) this.#addLayer(layer)
  }

  /** Path of a `docker save` archive. */
  dockerArchive(): string {
    const tree = join(this.dir, 'docker')
    const config = this.#config()
    const blob = (digest: string): string => `${digest.slice(7)}.tar`
    for (const { digest } of this.#layers) put(join(tree, blob(digest)), this.#blobs.get(digest)!)
    put(join(tree, 'config.json'), config)
    const entry = {
      Config: 'config.json',
      RepoTags: this.#options.tags,
      Layers: this.#layers.map(({ digest }) => blob(digest)),
    }
    put(join(tree, 'manifest.json'), Buffer.from(JSON.stringify([entry])))
    const archive = join(this.dir, 'docker.tar')
    execFileSync('tar', ['-C', tree, '-cf', archive, '.'])
    return archive
  }

  /** Directory of an OCI image layout. */
  layout(): string {
    const tree = join(this.dir, 'layout')
    const config = this.#add(this.#config())
    const manifest = this.#add(
      Buffer.from(
        JSON.stringify({
          schemaVersion: 2,
          config: { digest: config },
          layers: this.#layers.map(({ digest }) => ({ digest })),
        }),
      ),
    )
    const manifests = this.#options.tags.map((tag) => ({
      digest: manifest,
      annotations: { 'io.containerd.image.name': tag },
    }))
    const index = {
      schemaVersion: 2,
      manifests: manifests.length > 0 ? manifests : [{ digest: manifest }],
    }
    put(join(tree, 'index.json'), Buffer.from(JSON.stringify(index)))
    put(join(tree, 'oci-layout'), Buffer.from('{"imageLayoutVersion":"1.0.0"}'))
    for (const [digest, bytes] of this.#blobs)
      put(join(tree, 'blobs', digest.replace(':', '/')), bytes)
    return tree
  }

  remove(): void {
    rmSync(this.dir, { recursive: true, force: true })
  }

  #config(): Buffer {
    return Buffer.from(
      JSON.stringify({
        os: 'linux',
        architecture: this.#options.architecture ?? architecture(),
        config: this.#options.config ?? {},
        rootfs: { type: 'layers', diff_ids: this.#layers.map(({ diffId }) => diffId) },
      }),
    )
  }

  #addLayer({ script, gzip }: LayerScript): void {
    const root = join(this.dir, `layer-${this.#layers.length}`)
    mkdirSync(root)
    execFileSync('sh', ['-ec', script], { cwd: root })
    const words = ['-C', root, '--sort=name', '--numeric-owner', '-cf', '-', '.']
    const tar = execFileSync('tar', words, { maxBuffer: 1 << 28 })
    const packed = gzip ? execFileSync('gzip', ['-nc'], { input: tar, maxBuffer: 1 << 28 }) : tar
    this.#layers.push({ digest: this.#add(packed), diffId: digestOf(tar) })
  }

  #add(bytes: Buffer): string {
    this.#blobs.set(digestOf(bytes), bytes)
    return digestOf(bytes)
  }
}

function digestOf(bytes: Buffer): string {
  return `sha256:${createHash('sha256').update(bytes).digest('hex')}`
}

function put(path: string, bytes: Buffer): void {
  mkdirSync(dirname(path), { recursive: true })
  writeFileSync(path, bytes)
}

/**
 * A shell script that copies programs of this machine with their libraries: enough to run in an image that holds
 * nothing else.
 */
export function copyPrograms(...names: readonly string[]): string {
  const files = new Map<string, string>()
  for (const name of names) {
    const path = execFileSync('sh', ['-c', 'command -v "$1"', 'sh', name], {
      encoding: 'utf8',
    }).trim()
    files.set(`bin/${name}`, realpathSync(path))
    for (const library of parseLdd(execFileSync('ldd', [path], { encoding: 'utf8' })))
      files.set(library.path.slice(1), realpathSync(library.path))
  }
  return [...files]
    .map(([target, source]) => `mkdir -p ${dirname(target)}; cp '${source}' '${target}'`)
    .join('\n')
}
