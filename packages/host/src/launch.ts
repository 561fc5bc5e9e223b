import { spawn } from 'node:child_process'
import {
  closeSync,
  mkdirSync,
  openSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { dirname, join } from 'node:path'
import { componentCommand, sleep } from '@kemu/base'
import type { Clock, Program } from '@kemu/base'
import { userNamespaceFlags } from '@kemu/network'
import { places } from './components.ts'
import { HostControl } from './control-client.ts'
import type { HostConfig } from './host-config.ts'
import { shortRunDir } from './host-paths.ts'
import { identify, isAlive } from './process-table.ts'
import type { ProcessIdentity } from './process-table.ts'

/** Where a host is to be booted: its directory, and the fabric it hangs on. */
export interface LaunchSite {
  readonly hostDir: string
  readonly program: Program
  /** A process in the fabric's network (and user) namespace; only for the netns driver. */
  readonly fabricPid?: number
  /** Bits of the hosts' network, for the address on the fabric. */
  readonly nodePrefixLength: number
  /** Directory with the gateway's socket, if there is one. */
  readonly gatewayDir?: string
}

export interface LaunchDeps {
  readonly clock: Clock
}

/** Environment of a host's processes: what a machine gives at login, nothing of the person's shell. */
function hostEnvironment(program: Program): Record<string, string> {
  const systemPath = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin'
  return {
    PATH: `${dirname(program.node)}:${systemPath}`,
    HOME: '/root',
    LANG: 'C.UTF-8',
    KEMU_PROGRAM: program.script,
    // For the tests that put a real etcd in the place of ours (npm run test:e2e:real-etcd).
    ...(process.env['KEMU_ETCD_PROGRAM'] && {
      KEMU_ETCD_PROGRAM: process.env['KEMU_ETCD_PROGRAM'],
    }),
  }
}

/** The process that the person's machine knows a host by; it is written down in the host's directory. */
export function hostProcess(hostDir: string): ProcessIdentity | undefined {
  try {
    const identity = JSON.parse(readFileSync(pidFile(hostDir), 'utf8')) as ProcessIdentity
    return isAlive(identity) ? identity : undefined
  } catch {
    return undefined
  }
}

/**
 * Boots a host as processes of their own that outlive the caller; resolves when its supervisor answers. A host that
 * runs already is left as it is.
 */
export async function launchHost(
  config: HostConfig,
  site: LaunchSite,
  deps: LaunchDeps,
): Promise<void> {
  if (hostProcess(site.hostDir)) return
  const { hostDir } = site
  writeHostFiles(config, hostDir)
  const logFile = join(hostDir, places.logs, 'host.log')
  const log = openSync(logFile, 'a')
  const [program, ...args] = bootCommand(config, site) as [string, ...string[]]
  const child = spawn(program, args, {
    cwd: '/',
    env: { ...hostEnvironment(site.program), ...bootEnvironment(config, site) },
    stdio: ['ignore', log, log],
    detached: true,
  })
  closeSync(log)
  let ended: string | undefined
  child.once('error', (error) => (ended = error.message))
  child.once('exit', (code, signal) => (ended = `exit ${code ?? signal}`))
  child.unref()
  if (child.pid !== undefined)
    writeFileSync(pidFile(hostDir), JSON.stringify(identify(child.pid) ?? {}))
  while (!(await answers(hostDir))) {
    if (ended !== undefined)
      throw new Error(`host ${config.name} did not start (${ended}):\n${tail(logFile)}`)
    await sleep(deps.clock, 5)
  }
}

async function answers(hostDir: string): Promise<boolean> {
  const socket = controlSocket(hostDir)
  if (!statSync(socket, { throwIfNoEntry: false })?.isSocket()) return false
  const control = new HostControl(hostDir)
  try {
    await control.status(1000)
    return true
  } catch {
    return false
  } finally {
    control.close()
  }
}

/** The socket's short path as the person sees it. */
export function controlSocket(hostDir: string): string {
  return join(shortRunDir(hostDir, process.getuid?.() ?? 0), 'host.sock')
}

function pidFile(hostDir: string): string {
  return join(hostDir, 'host.pid')
}

function writeHostFiles(config: HostConfig, hostDir: string): void {
  for (const place of ['/etc/kemu', '/run', places.logs])
    mkdirSync(join(hostDir, place), { recursive: true })
  rmSync(join(hostDir, places.controlSocket), { force: true })
  writeFileSync(join(hostDir, places.hostConfig), `${JSON.stringify(config, null, 2)}\n`)
  const link = shortRunDir(hostDir, process.getuid?.() ?? 0)
  mkdirSync(dirname(link), { recursive: true, mode: 0o700 })
  rmSync(link, { force: true })
  symlinkSync(join(hostDir, 'run'), link)
}

/** How the supervisor is started: plain, or as PID 1's child in namespaces of its own (init/host.sh). */
export function bootCommand(config: HostConfig, site: LaunchSite): string[] {
  const { program, hostDir, fabricPid } = site
  if (config.isolation === 'none') {
    const flags = [
      `--host-root=${hostDir}`,
      `--run-dir=${shortRunDir(hostDir, process.getuid?.() ?? 0)}`,
    ]
    return componentCommand(program, 'host', flags)
  }
  const script = join(program.root, 'packages/host/init/host.sh')
  const boot = ['sh', script, ...componentCommand(program, 'host', [])]
  const own = ['unshare', '--mount', '--uts', '--ipc', '--propagation', 'private']
  if (fabricPid === undefined) return [...own, ...userNamespaceFlags(config.isolation), ...boot]
  const enter = ['nsenter', '--target', String(fabricPid), '--net']
  if (config.isolation === 'user-namespace') enter.push('--user', '--preserve-credentials')
  return [...enter, ...own, '--net', ...boot]
}

function bootEnvironment(config: HostConfig, site: LaunchSite): Record<string, string> {
  const { program, hostDir, fabricPid, nodePrefixLength, gatewayDir } = site
  return {
    HOST_ROOT: hostDir,
    HOST_NAME: config.name,
    HOST_ADDRESS: `${config.address}/${nodePrefixLength}`,
    FABRIC_PID: fabricPid === undefined ? '' : String(fabricPid),
    GATEWAY_DIR: gatewayDir ?? '',
    MACHINE_DIRS: machineDirs(program).join(' '),
  }
}

/** What a host must see of the machine to run Node and kemu; system directories are there anyway. */
function machineDirs(program: Program): string[] {
  const nodePrefix = dirname(dirname(program.node))
  return [...new Set([nodePrefix, program.root])].filter(
    (dir) => !/^\/(usr|opt|nix)?(\/|$)/.test(dir),
  )
}

function tail(file: string): string {
  return readFileSync(file, 'utf8').trimEnd().split('\n').slice(-15).join('\n')
}
