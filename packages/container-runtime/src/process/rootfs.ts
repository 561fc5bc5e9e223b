import {
  chmodSync,
  chownSync,
  cpSync,
  existsSync,
  lstatSync,
  mkdirSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import type { Stats } from 'node:fs'
import { dirname, join, normalize } from 'node:path'
import type { LinuxContainerSecurityContext, Mount } from '@kemu/rpc/cri'
import { LayeredTree } from '../images/loaded/layered-tree.ts'
import type { LayeredFile } from '../images/loaded/layered-tree.ts'
import { bind } from './mount-table.ts'
import type { MountLine } from './mount-table.ts'
import { deviceFiles } from './skeleton.ts'
import type { Skeleton } from './skeleton.ts'
import { toolboxPath } from './toolbox.ts'

/** What lies under a container's own layer. */
export type RootBase =
  | {
      /** The machine's own programs with a built-in image's files over them. */
      readonly kind: 'machine'
      readonly skeleton: Skeleton
      /** The image's own files, a directory tree. */
      readonly imageRoot: string
      /** The two as one. */
      readonly tree: LayeredTree
      /** Host folders at the same path inside: node and kemu's bundles. */
      readonly extraBinds: readonly string[]
    }
  | {
      /** A loaded image and nothing of the machine. */
      readonly kind: 'image'
      /** Top first. */
      readonly layers: readonly string[]
      /** Lowest layer: where the kernel's file systems are put. */
      readonly kernelRoot: string
      /** All of them as one. */
      readonly tree: LayeredTree
      /** Directory with the machine's tools that start programs and hold terminals, see toolbox.ts. */
      readonly toolbox: string
    }

/** A container's mounts in the order in which they are made. */
export interface RootfsPlan {
  /** The root itself. */
  readonly root: readonly MountLine[]
  /** The machine's folders in it. */
  readonly machine: readonly MountLine[]
  /** /proc, /sys, /dev. */
  readonly kernel: readonly MountLine[]
  readonly volumes: readonly MountLine[]
  /** Hidden and read-only paths of the kernel. */
  readonly masks: readonly MountLine[]
}

export function allMounts({ root, machine, kernel, volumes, masks }: RootfsPlan): MountLine[] {
  return [...root, ...machine, ...kernel, ...volumes, ...masks]
}

/** Everything that a container's private root is made of. */
export interface RootfsRequest {
  /** Holds the layers; `merged` below it becomes the root. */
  readonly dir: string
  readonly base: RootBase
  /** From the pod: hosts, hostname, resolv.conf, /dev/shm. */
  readonly podFiles: Readonly<Record<string, string>>
  readonly mounts: readonly Mount[]
  readonly workingDir: string
  readonly security: LinuxContainerSecurityContext | null | undefined
  readonly overlay: boolean
  /** Overlays keep their marks in user attributes: needed in a user namespace. */
  readonly userXattr: boolean
  readonly sysfs: boolean
}

/** Makes the layers and mount points on disk and returns the mounts that the container's start will make. */
export function prepareRootfs(request: RootfsRequest): RootfsPlan {
  const { dir, base } = request
  for (const name of ['upper', 'work', 'merged', 'usr-upper', 'usr-work'])
    mkdirSync(join(dir, name), { recursive: true, mode: 0o755 })
  const mounts = orderMounts(withPodFiles(request.mounts, request.podFiles))
  const places = new MountPoints(request, mounts)
  const volumes = mounts.map((mount) => volumeLine(mount, places))
  const root = join(dir, 'merged')
  const machine = base.kind === 'machine' ? machineLines(base, root, places) : toolLines(base, root)
  places.makeDirectory(request.workingDir)
  return {
    root: rootLines(request, root),
    machine,
    kernel: kernelLines(request, root),
    volumes,
    masks: maskLines(request.security, root),
  }
}

function machineLines(
  { skeleton, extraBinds }: Extract<RootBase, { kind: 'machine' }>,
  root: string,
  places: MountPoints,
): MountLine[] {
  const binds = extraBinds
    .filter((path) => !path.startsWith('/usr/'))
    .map((path) => bind(path, places.make(path, path)))
  return [...skeleton.bound.map((path) => bind(path, join(root, path), 'ro')), ...binds]
}

function toolLines({ toolbox }: Extract<RootBase, { kind: 'image' }>, root: string): MountLine[] {
  return [bind(toolbox, join(root, toolboxPath), 'ro')]
}

function withPodFiles(
  mounts: readonly Mount[],
  podFiles: Readonly<Record<string, string>>,
): Mount[] {
  const given = new Set(mounts.map((mount) => normalize(mount.containerPath)))
  const added = Object.entries(podFiles)
    .filter(([containerPath]) => !given.has(containerPath))
    .map(([containerPath, hostPath]) => ({ ...emptyMount, containerPath, hostPath }))
  return [...added, ...mounts]
}

export const emptyMount: Mount = {
  containerPath: '',
  hostPath: '',
  readonly: false,
  selinuxRelabel: false,
  propagation: 'PROPAGATION_PRIVATE',
  uidMappings: [],
  gidMappings: [],
  recursiveReadOnly: false,
  imageSubPath: '',
}

/** Parents before children; otherwise the order of the request. */
function orderMounts(mounts: readonly Mount[]): Mount[] {
  const depth = (mount: Mount): number => normalize(mount.containerPath).split('/').length
  return [...mounts].sort((a, b) => depth(a) - depth(b))
}

function rootLines(request: RootfsRequest, root: string): MountLine[] {
  const { dir, base, overlay, userXattr } = request
  const readonly = request.security?.readonlyRootfs ? ['ro'] : []
  if (!overlay && base.kind === 'image') return [bind(root, root, ...readonly)] // copied before, see copy-image.ts
  if (!overlay && base.kind === 'machine') {
    const { skeleton, imageRoot } = base
    cpSync(skeleton.root, root, { recursive: true, verbatimSymlinks: true })
    if (existsSync(imageRoot)) cpSync(imageRoot, root, { recursive: true })
    return [bind(root, root, ...readonly), bind('/usr', join(root, 'usr'), 'ro')]
  }
  const overlaid = (target: string, lower: readonly string[], name: string): MountLine => ({
    source: 'overlay',
    target,
    type: 'overlay',
    options: [
      `lowerdir=${lower.filter((path) => existsSync(path)).join(':')}`,
      `upperdir=${join(dir, `${name}upper`)}`,
      `workdir=${join(dir, `${name}work`)}`,
      ...(userXattr ? ['userxattr'] : []),
      ...readonly,
    ],
  })
  if (base.kind === 'image') return [overlaid(root, [...base.layers, base.kernelRoot], '')]
  const { skeleton, imageRoot } = base
  return [
    overlaid(root, [imageRoot, skeleton.root], ''),
    overlaid(join(root, 'usr'), [join(imageRoot, 'usr'), '/usr'], 'usr-'),
  ]
}

/** /proc, /sys and /dev as the OCI runtime spec asks for them. */
function kernelLines(request: RootfsRequest, root: string): MountLine[] {
  const privileged = request.security?.privileged === true
  const guarded = ['nosuid', 'nodev', 'noexec']
  const sys: MountLine = request.sysfs
    ? {
        source: 'sysfs',
        target: join(root, 'sys'),
        type: 'sysfs',
        options: [...guarded, privileged ? 'rw' : 'ro'],
      }
    : { source: '/sys', target: join(root, 'sys'), type: 'none', options: ['rbind', 'ro'] }
  return [
    { source: 'proc', target: join(root, 'proc'), type: 'proc', options: guarded },
    sys,
    ...deviceFiles.map((name) => bind(`/dev/${name}`, join(root, 'dev', name))),
    {
      source: 'devpts',
      target: join(root, 'dev/pts'),
      type: 'devpts',
      options: ['nosuid', 'noexec', 'newinstance', 'ptmxmode=0666', 'mode=0620'],
    },
    { source: 'mqueue', target: join(root, 'dev/mqueue'), type: 'mqueue', options: guarded },
  ]
}

function volumeLine(mount: Mount, places: MountPoints): MountLine {
  if (!existsSync(mount.hostPath)) mkdirSync(mount.hostPath, { recursive: true, mode: 0o755 }) // as containerd does
  const target = places.make(mount.containerPath, mount.hostPath)
  const propagation = mount.propagation === 'PROPAGATION_HOST_TO_CONTAINER' ? 'rslave' : 'rprivate'
  const options = ['rbind', propagation, ...(mount.readonly ? ['ro'] : [])]
  return { source: mount.hostPath, target, type: 'none', options }
}

/** Hidden and read-only paths of /proc and /sys; those that this kernel lacks are passed over. */
function maskLines(
  security: LinuxContainerSecurityContext | null | undefined,
  root: string,
): MountLine[] {
  if (!security || security.privileged) return []
  const masked = security.maskedPaths.flatMap((path) => {
    const stat = statSync(path, { throwIfNoEntry: false })
    if (!stat) return []
    const target = join(root, path)
    return stat.isDirectory()
      ? [{ source: 'tmpfs', target, type: 'tmpfs', options: ['ro', 'size=0'] }]
      : [bind('/dev/null', target)]
  })
  const readonly = security.readonlyPaths
    .filter((path) => existsSync(path))
    .map((path) => bind(join(root, path), join(root, path), 'ro'))
  return [...masked, ...readonly]
}

/** Makes the files and folders that mounts are put on, in the layer where they belong. */
class MountPoints {
  readonly #request: RootfsRequest
  readonly #mounts: readonly Mount[]
  readonly #lower: LayeredTree
  readonly #canonicals = new Map<string, string>()

  constructor(request: RootfsRequest, mounts: readonly Mount[]) {
    const { base, dir, overlay } = request
    this.#request = request
    this.#mounts = mounts
    // Without overlays an image was copied, and the copy is the container's own.
    const isCopied = base.kind === 'image' && !overlay
    this.#lower = isCopied ? new LayeredTree([join(dir, 'merged')]) : base.tree
  }

  /** The mount point for this path of the container, under `merged`; a folder or a file, like the source. */
  make(containerPath: string, source: string): string {
    const path = this.#canonical(containerPath)
    this.#create(path, !statSync(source).isDirectory())
    return join(this.#request.dir, 'merged', path)
  }

  makeDirectory(containerPath: string): void {
    this.#create(this.#canonical(containerPath), false)
  }

  /** `/bin/x` lies in `/usr/bin/x` where /bin is a link. */
  #canonical(containerPath: string): string {
    const known = this.#canonicals.get(containerPath)
    if (known !== undefined) return known
    const path = `/${this.#lower.resolve(normalize(`/${containerPath}`))}`
    this.#canonicals.set(containerPath, path)
    return path
  }

  #create(path: string, isFile: boolean): void {
    const within = this.#enclosingMount(path)
    if (within) {
      const below = path.slice(this.#canonical(within.containerPath).length)
      return createPath(within.hostPath, below, isFile, () => undefined)
    }
    const { dir, overlay, base } = this.#request
    if (!overlay) return createPath(join(dir, 'merged'), path, isFile, () => undefined)
    if (base.kind === 'machine' && (path === '/usr' || path.startsWith('/usr/'))) {
      const usr = new LayeredTree([join(base.imageRoot, 'usr'), '/usr'])
      return createPath(join(dir, 'usr-upper'), path.slice('/usr'.length), isFile, (below) =>
        usr.find(below),
      )
    }
    createPath(join(dir, 'upper'), path, isFile, (below) => this.#lower.find(below))
  }

  #enclosingMount(path: string): Mount | undefined {
    return this.#mounts
      .filter((mount) => path.startsWith(`${this.#canonical(mount.containerPath)}/`))
      .at(-1)
  }
}

/** Folders keep the mode that the layers below give them: a new `/tmp` in the upper layer must stay sticky. */
function createPath(
  layer: string,
  path: string,
  isFile: boolean,
  lower: (below: string) => LayeredFile | undefined,
): void {
  if (lower(path)) return // a mount hides it, in whatever layer it lies
  const parts = path.split('/').filter(Boolean)
  parts.forEach((_, i) => {
    const below = parts.slice(0, i + 1).join('/')
    const target = join(layer, below)
    if (lstatSync(target, { throwIfNoEntry: false })) return
    const origin = lower(below)?.stat
    if (origin && !origin.isDirectory()) return
    if (isFile && i === parts.length - 1) {
      if (!origin) writeFileSync(target, '')
      return
    }
    mkdirSync(target)
    chmodSync(target, origin ? origin.mode & 0o7777 : 0o755)
    if (origin && process.getuid?.() === 0) chownLikeBelow(target, origin)
  })
  if (parts.length === 0) mkdirSync(dirname(layer), { recursive: true })
}

/** Not in a user namespace where the owner does not exist. */
function chownLikeBelow(target: string, { uid, gid }: Stats): void {
  try {
    chownSync(target, uid, gid)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EINVAL') throw error
  }
}
