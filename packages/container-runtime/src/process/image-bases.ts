import { mkdirSync } from 'node:fs'
import { join, normalize } from 'node:path'
import type { Mount } from '@kemu/rpc/cri'
import type { ImageDefinition } from '../images/image.ts'
import { copyTree } from '../images/loaded/copy-tree.ts'
import { LayeredTree } from '../images/loaded/layered-tree.ts'
import type { ContainerRecord } from '../store/records.ts'
import { programFolders } from './image-roots.ts'
import type { ImageRoots, ProgramPlaces } from './image-roots.ts'
import { emptyMount } from './rootfs.ts'
import type { RootBase } from './rootfs.ts'
import { makeKernelRoot, makeSkeleton } from './skeleton.ts'
import type { Skeleton } from './skeleton.ts'
import { makeToolbox } from './toolbox.ts'

/** What lies under containers: the machine's programs for built-in images, unpacked layers for loaded ones. */
export class ImageBases {
  readonly #root: string
  readonly #places: ProgramPlaces
  readonly #imageRoots: ImageRoots
  readonly #skeleton: Skeleton
  readonly #bases = new WeakMap<ImageDefinition, RootBase>()
  #toolbox: Promise<void> | undefined

  /** `root` is the handler's own directory. */
  constructor(root: string, places: ProgramPlaces, imageRoots: ImageRoots) {
    this.#root = root
    this.#places = places
    this.#imageRoots = imageRoots
    this.#skeleton = makeSkeleton(join(root, 'skeleton'), programFolders(places))
    makeKernelRoot(this.#kernelRoot)
  }

  baseOf(image: ImageDefinition): RootBase {
    let base = this.#bases.get(image)
    if (!base) this.#bases.set(image, (base = this.#makeBase(image)))
    return base
  }

  #makeBase(image: ImageDefinition): RootBase {
    if (!image.layers) {
      const imageRoot = this.#imageRoots.rootOf(image)
      return {
        kind: 'machine',
        skeleton: this.#skeleton,
        imageRoot,
        tree: new LayeredTree([imageRoot, this.#skeleton.root], 'still'),
        extraBinds: programFolders(this.#places),
      }
    }
    return {
      kind: 'image',
      layers: image.layers,
      kernelRoot: this.#kernelRoot,
      tree: new LayeredTree([...image.layers, this.#kernelRoot], 'still'),
      toolbox: this.#toolboxDir,
    }
  }

  /** The texts of /etc/passwd and /etc/group that decide who runs. */
  accountsOf({ layers, files }: ImageDefinition): { passwd: string; group: string } {
    if (layers) {
      const tree = new LayeredTree(layers)
      return { passwd: tree.read('/etc/passwd') ?? '', group: tree.read('/etc/group') ?? '' }
    }
    const { passwd, group } = this.#skeleton
    return { passwd: files['/etc/passwd'] ?? passwd, group: files['/etc/group'] ?? group }
  }

  /** What a loaded image's container needs on disk before its start. */
  async prepare(
    container: ContainerRecord,
    image: ImageDefinition,
    dir: string,
    overlay: boolean,
  ): Promise<void> {
    if (!image.layers) return
    await (this.#toolbox ??= makeToolbox(this.#toolboxDir))
    const tree = new LayeredTree([...image.layers, this.#kernelRoot])
    for (const { containerPath, hostPath } of imageVolumes(container, image, dir)) {
      mkdirSync(hostPath, { recursive: true })
      const path = tree.resolve(containerPath)
      if (tree.entry(path)?.stat.isDirectory()) await copyTree(tree, path, hostPath)
    }
    if (overlay) return
    const merged = join(dir, 'fs/merged')
    mkdirSync(merged, { recursive: true })
    await copyTree(tree, '', merged)
  }

  get #kernelRoot(): string {
    return join(this.#root, 'kernel-root')
  }

  get #toolboxDir(): string {
    return join(this.#root, 'toolbox')
  }
}

/** A directory of the container's own for each volume of the image that the pod mounts nothing on. */
export function imageVolumes(
  { config }: ContainerRecord,
  image: ImageDefinition,
  dir: string,
): Mount[] {
  const mounted = new Set(config.mounts.map((mount) => normalize(mount.containerPath)))
  return image.config.volumes
    .map((containerPath) => normalize(containerPath))
    .filter((containerPath) => !mounted.has(containerPath))
    .map((containerPath, i) => ({
      ...emptyMount,
      containerPath,
      hostPath: join(dir, 'volumes', String(i)),
    }))
}
