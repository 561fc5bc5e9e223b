import type { LinuxContainerSecurityContext } from '@kemu/rpc/cri'
import type { EnterNamespaces, Launch } from '../process/launch-script.ts'
import type { MountLine } from '../process/mount-table.ts'

/** What the OCI runtime specification calls a process (config.md, process). */
export interface OciProcess {
  /** Never: crun 1.8 loses what a program wrote to its terminal just before it ended. */
  readonly terminal: false
  readonly user: {
    readonly uid: number
    readonly gid: number
    readonly additionalGids: readonly number[]
  }
  readonly args: readonly string[]
  readonly env: readonly string[]
  readonly cwd: string
  readonly capabilities: Readonly<Record<CapabilitySet, readonly string[]>>
  readonly noNewPrivileges: boolean
}

type CapabilitySet = 'bounding' | 'effective' | 'permitted' | 'inheritable' | 'ambient'

export interface OciConfigRequest {
  readonly launch: Launch
  /** Absolute; mounted before the OCI runtime starts. */
  readonly root: string
  /** Binds, in order. */
  readonly binds: readonly MountLine[]
  readonly enter: EnterNamespaces
  readonly ownPid: boolean
  readonly propagation: 'private' | 'slave'
  readonly security: LinuxContainerSecurityContext | null | undefined
  readonly sysfs: boolean
  /** Shell text that reports the start; the container's state is its input. */
  readonly started: string
}

/** The process of a launch plan. */
export function ociProcess({ command, environment, workingDir, privileges }: Launch): OciProcess {
  const names = (list: readonly string[] = []): string[] =>
    list.map((name) => `CAP_${name.toUpperCase()}`)
  const { uid = 0, gid = 0, groups = [], noNewPrivileges = false } = privileges ?? {}
  const held = names(privileges?.capabilities)
  const ambient = names(privileges?.ambient)
  // Another user than root has what it was given for its own programs only (capabilities(7), execve).
  const effective = uid === 0 ? held : ambient
  return {
    terminal: false,
    user: { uid, gid, additionalGids: groups },
    args: command,
    env: environment,
    cwd: workingDir,
    capabilities: {
      bounding: held,
      effective,
      permitted: effective,
      inheritable: ambient,
      ambient,
    },
    noNewPrivileges,
  }
}

/** config.json of a bundle (OCI runtime specification 1.0). */
export function ociConfig(request: OciConfigRequest): object {
  const { launch, root, security, propagation, started } = request
  const privileged = security?.privileged === true
  return {
    ociVersion: '1.0.2',
    process: ociProcess(launch),
    root: { path: root, readonly: security?.readonlyRootfs ?? false },
    mounts: [
      ...kernelMounts(request, privileged),
      ...request.binds.map((line) => bindMount(line, root)),
    ],
    hooks: { poststart: [{ path: '/bin/sh', args: ['sh', '-c', started] }] },
    linux: {
      namespaces: namespaces(request),
      rootfsPropagation: propagation,
      maskedPaths: privileged ? [] : (security?.maskedPaths ?? []),
      readonlyPaths: privileged ? [] : (security?.readonlyPaths ?? []),
    },
  }
}

function namespaces({ enter, ownPid }: OciConfigRequest): object[] {
  const kinds = { net: 'network', ipc: 'ipc', uts: 'uts', pid: 'pid' } as const
  const joined = Object.entries(enter).map(([kind, path]) => ({
    type: kinds[kind as keyof typeof kinds],
    path: path as string,
  }))
  return [{ type: 'mount' }, ...(ownPid ? [{ type: 'pid' }] : []), ...joined]
}

function kernelMounts({ sysfs }: OciConfigRequest, privileged: boolean): object[] {
  const guarded = ['nosuid', 'noexec', 'nodev']
  const own = (type: string, destination: string, options: readonly string[]): object => ({
    destination,
    type,
    source: type,
    options,
  })
  return [
    own('proc', '/proc', guarded),
    own('tmpfs', '/dev', ['nosuid', 'strictatime', 'mode=755', 'size=65536k']),
    own('devpts', '/dev/pts', ['nosuid', 'noexec', 'newinstance', 'ptmxmode=0666', 'mode=0620']),
    own('mqueue', '/dev/mqueue', guarded),
    sysfs
      ? own('sysfs', '/sys', [...guarded, privileged ? 'rw' : 'ro'])
      : { destination: '/sys', type: 'bind', source: '/sys', options: ['rbind', 'ro'] },
  ]
}

/** The plan's targets lie below the root; the specification's are the container's own paths. */
function bindMount({ source, target, options }: MountLine, root: string): object {
  return { destination: target.slice(root.length), type: 'bind', source, options }
}
