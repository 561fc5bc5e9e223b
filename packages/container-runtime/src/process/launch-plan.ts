import { existsSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import type { ImageDefinition } from '../images/image.ts'
import type { ContainerRecord, SandboxRecord } from '../store/records.ts'
import { namespacesOf } from '../store/records.ts'
import { environmentMark } from './container-processes.ts'
import { defaultPath } from './launch-script.ts'
import type { Launch } from './launch-script.ts'
import { PathRewrite } from './path-rewrite.ts'
import type { Privileges } from './privileges.ts'
import type { SandboxFiles } from './sandbox-files.ts'
import type { ContainerUserIds } from './user.ts'

/** Everything that decides how a container's main process and its execs are started. */
export interface LaunchRequest {
  readonly container: ContainerRecord
  readonly sandbox: SandboxRecord
  readonly image: ImageDefinition
  readonly user: ContainerUserIds
  readonly level: 'isolated' | 'plain'
  /** Directory of the image's own files. */
  readonly imageRoot: string
  /** Plain only: the container's own directory tree. */
  readonly plainRoot: string
  /** The pod's shared files on the machine. */
  readonly files: SandboxFiles
  /** The pod's hosts and resolv.conf, as the container's processes can open them. */
  readonly podFiles: { readonly hosts: string; readonly resolvConf: string }
  readonly networkEnvironment: Readonly<Record<string, string>>
  readonly hostname: string
  /** PATH of this process: where the machine's programs are. */
  readonly hostPath: string
  readonly capabilities: readonly string[]
  /** The runtime may change users and capabilities. */
  readonly canSetPrivileges: boolean
  readonly canSetGroups: boolean
}

/** The command line of a container: the pod's words over the image's (the OCI image spec's rule). */
export function commandOf(container: ContainerRecord, image: ImageDefinition): string[] {
  const { command, args } = container.config
  if (command.length > 0) return [...command, ...args]
  return [...image.config.entrypoint, ...(args.length > 0 ? args : image.config.command)]
}

/** Plans the start of the main process. */
export function planLaunch(request: LaunchRequest): Launch {
  return planCommand(
    request,
    commandOf(request.container, request.image),
    request.container.config.tty,
  )
}

/** Plans a command in the same surroundings as the main process. */
export function planCommand(
  request: LaunchRequest,
  command: readonly string[],
  tty: boolean,
): Launch {
  const { container, image, level, plainRoot } = request
  const paths = level === 'isolated' ? new PathRewrite([]) : plainPaths(request)
  const rewrite = (text: string): string => paths.apply(text)
  const workingDir = container.config.workingDir || image.config.workingDir || '/'
  return {
    command: level === 'isolated' ? command : planPlainWords(request, command, paths),
    environment: planEnvironment(request, rewrite, tty),
    workingDir: level === 'isolated' ? workingDir : plainDirectory(workingDir, plainRoot, rewrite),
    privileges: request.canSetPrivileges ? planPrivileges(request) : undefined,
    tty,
  }
}

type Rewrite = (text: string) => string

function planEnvironment(request: LaunchRequest, rewrite: Rewrite, tty: boolean): string[] {
  const { container, image, level } = request
  const variables = new Map<string, string>([
    ['PATH', searchPath(request)],
    ['HOME', level === 'isolated' ? request.user.home : join(request.plainRoot, 'root')],
    ['HOSTNAME', request.hostname],
    ...(tty ? ([['TERM', 'xterm']] as const) : []),
    ...(level === 'plain' ? ([['TMPDIR', join(request.plainRoot, 'tmp')]] as const) : []),
    ...image.config.environment.map((entry) => splitVariable(rewrite(entry))),
    ...container.config.envs.map(({ key, value }) => [key, rewrite(value.toString())] as const),
    ...Object.entries(request.networkEnvironment),
    ...(level === 'plain' ? plainVariables(request) : []),
  ])
  return [...variables].map(([name, value]) => `${name}=${value}`)
}

function splitVariable(entry: string): [string, string] {
  const at = entry.indexOf('=')
  return [entry.slice(0, at), entry.slice(at + 1)]
}

/** Without a root of its own a container must be told where things are; a private root says it by itself. */
function plainVariables({ container, podFiles, plainRoot }: LaunchRequest): [string, string][] {
  return [
    splitVariable(environmentMark(container.id)),
    ['KEMU_ROOT_PREFIX', plainRoot],
    ['KEMU_HOSTS_FILE', podFiles.hosts],
    ['KEMU_RESOLV_CONF', podFiles.resolvConf],
  ]
}

function searchPath({ level, hostPath, imageRoot, image }: LaunchRequest): string {
  if (image.layers) return defaultPath
  if (level === 'plain') {
    const own = defaultPath.split(':').map((folder) => join(imageRoot, folder))
    return [...own.filter((folder) => existsSync(folder)), hostPath].join(':')
  }
  const visible = hostPath
    .split(':')
    .filter(
      (folder) => /^\/(usr|opt|nix)\//.test(folder) && !defaultPath.split(':').includes(folder),
    )
  return [defaultPath, ...visible].join(':')
}

function planPrivileges(request: LaunchRequest): Privileges {
  const { user, container, capabilities, canSetGroups } = request
  const security = container.config.linux?.securityContext
  return {
    uid: user.uid,
    gid: user.gid,
    groups: canSetGroups ? user.groups : undefined,
    capabilities,
    ambient: (security?.capabilities?.addAmbientCapabilities ?? []).map((name) =>
      name.toLowerCase().replace(/^cap_/, ''),
    ),
    noNewPrivileges: security?.noNewPrivs ?? false,
  }
}

/** Folders of a plain container's own tree that programs write to without a volume. */
const ownFolders = ['/tmp', '/root', '/var/log', '/var/run', '/run'] as const

/** No root of its own: paths of mounts, of the image's files and of private folders become real ones. */
function plainPaths({ container, image, plainRoot }: LaunchRequest): PathRewrite {
  const mounts = container.config.mounts.map((m) => [m.containerPath, m.hostPath] as const)
  const folders = [...Object.keys(image.files).map((path) => dirname(path)), ...ownFolders]
  const own = folders.map((folder) => [folder, join(plainRoot, folder)] as const)
  return new PathRewrite([...mounts, ...own])
}

function planPlainWords(
  { image, imageRoot }: LaunchRequest,
  command: readonly string[],
  paths: PathRewrite,
): string[] {
  const [first = '', ...rest] = command
  const own = join(imageRoot, first)
  const program = first.startsWith('/') && existsSync(own) ? own : paths.apply(first)
  if (knowsItsRoot(image, first)) return [program, ...rest]
  return [program, ...rest.map((word) => paths.apply(word)), ...tarNames(first, rest, paths)]
}

/** `kubectl cp` reads the names in tar's archive: they are the container's, wherever the files are. */
function tarNames(program: string, words: readonly string[], paths: PathRewrite): string[] {
  if (basename(program) !== 'tar') return []
  const pairs = new Map(words.flatMap((word) => paths.find(word)))
  return [...pairs].map(([path, place]) => `--transform=s,^/*${place.slice(1)},${path.slice(1)},`)
}

/** Built-in programs put KEMU_ROOT_PREFIX before paths themselves; components take real ones by flags. */
function knowsItsRoot({ programs }: ImageDefinition, command: string): boolean {
  const found = Object.entries(programs).find(
    ([path]) => path === command || basename(path) === command,
  )
  return found?.[1].startsWith('program-') ?? false
}

function plainDirectory(workingDir: string, plainRoot: string, rewrite: Rewrite): string {
  const moved = rewrite(workingDir)
  return moved === workingDir ? join(plainRoot, workingDir) : moved
}

/** containerd: the sandbox's hostname, or the machine's when the pod is on the node's network. */
export function hostnameOf(sandbox: SandboxRecord, nodeHostname: string): string {
  const { hostNetwork } = namespacesOf(sandbox.config)
  return sandbox.config.hostname || (hostNetwork ? nodeHostname : '')
}
