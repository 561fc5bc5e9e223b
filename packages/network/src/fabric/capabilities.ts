import { execFile } from 'node:child_process'
import { accessSync, constants, readFileSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import { promisify } from 'node:util'
import { hasSubordinateIds } from './subordinate-ids.ts'

const run = promisify(execFile)

/** How far processes can be set apart on this machine. */
export type Isolation = 'root' | 'user-namespace' | 'none'

export type NetworkDriver = 'netns' | 'loopback'

/** What the machine allows, and why not more. */
export interface Capabilities {
  readonly isolation: Isolation
  /** The best driver. */
  readonly driver: NetworkDriver
  /** nft works in a network namespace of ours: the kernel can carry connections to services. */
  readonly hasNftables: boolean
  /** One sentence for each thing that is missing. */
  readonly reasons: readonly string[]
  /** The lowest port that this user may bind on a loopback address. */
  readonly firstFreePort: number
}

/** Programs of util-linux and iproute2 that namespaces are made with. */
const namespaceTools = ['unshare', 'nsenter', 'mount']

/** Tries what the drivers need, by doing it; nothing is left behind. */
export async function detectCapabilities(
  env: Readonly<Record<string, string | undefined>> = process.env,
): Promise<Capabilities> {
  const reasons: string[] = []
  const isolation = await detectIsolation(env, reasons)
  const [driver, withoutNft] =
    isolation === 'none'
      ? (['loopback', undefined] as const)
      : await Promise.all([detectDriver(isolation, env, reasons), nftFailure(isolation, env)])
  if (driver === 'netns' && withoutNft !== undefined)
    reasons.push(`${withoutNft}: kube-proxy carries connections in user space`)
  const hasNftables = driver === 'netns' && withoutNft === undefined
  return {
    isolation,
    driver,
    hasNftables,
    reasons,
    firstFreePort: isRoot() ? 1 : unprivilegedPortStart(),
  }
}

/** The command prefix that makes the caller root where namespaces may be made; empty for real root. */
export function userNamespaceFlags(isolation: Isolation): string[] {
  if (isolation !== 'user-namespace') return []
  return ['--user', '--map-root-user', ...(hasSubordinateIds() ? ['--map-auto'] : [])]
}

async function detectIsolation(
  env: Readonly<Record<string, string | undefined>>,
  reasons: string[],
): Promise<Isolation> {
  const missing = namespaceTools.filter((tool) => !onPath(tool, env))
  if (missing.length > 0) {
    reasons.push(
      `${missing.join(', ')} (util-linux) not found: containers share the machine's file system`,
    )
    return 'none'
  }
  const level: Isolation = isRoot() ? 'root' : 'user-namespace'
  // The mounts that a host makes at its start are part of the question: some sandboxes allow only the namespace.
  const probe = 'mount -t tmpfs none /tmp && mount -t proc proc /proc'
  const flags = [...userNamespaceFlags(level), '--mount', '--pid', '--fork', '--uts', '--ipc']
  const failure = await failureOf('unshare', [...flags, 'sh', '-c', probe])
  if (failure === undefined) {
    if (level === 'user-namespace' && !hasSubordinateIds())
      reasons.push(
        'no newuidmap (uidmap) or no range of this user in /etc/subuid and /etc/subgid: ' +
          'pods have no user but root',
      )
    return level
  }
  reasons.push(
    level === 'root'
      ? `namespaces are refused even to root (${failure})`
      : `user namespaces are not allowed for this user (${failure})`,
  )
  return 'none'
}

async function detectDriver(
  isolation: Isolation,
  env: Readonly<Record<string, string | undefined>>,
  reasons: string[],
): Promise<NetworkDriver> {
  if (!onPath('ip', env)) {
    reasons.push('ip (iproute2) not found: no network namespaces')
    return 'loopback'
  }
  const probe = 'ip link add kemu0 type bridge && ip link add kemu1 type veth peer name kemu2'
  const failure = await failureOf('unshare', [
    ...userNamespaceFlags(isolation),
    '--net',
    'sh',
    '-c',
    probe,
  ])
  if (failure === undefined) return 'netns'
  reasons.push(`network namespaces with a bridge are refused (${failure})`)
  return 'loopback'
}

/** Why nft cannot make a table with address translation; undefined when it can. */
async function nftFailure(
  isolation: Isolation,
  env: Readonly<Record<string, string | undefined>>,
): Promise<string | undefined> {
  if (!onPath('nft', env)) return 'nft (nftables) not found'
  const chain = '{ type nat hook output priority -100 ; }'
  const probe = `PATH=$PATH:/usr/sbin:/sbin; nft add table ip kemu && nft add chain ip kemu probe '${chain}'`
  const flags = [...userNamespaceFlags(isolation), '--net']
  const failure = await failureOf('unshare', [...flags, 'sh', '-c', probe])
  return failure && `nft is refused (${failure})`
}

async function failureOf(command: string, args: readonly string[]): Promise<string | undefined> {
  try {
    await run(command, args, { timeout: 5000 })
    return undefined
  } catch (error) {
    const { stderr, message } = error as { stderr?: string; message: string }
    return (stderr?.trim() || message).split('\n')[0]
  }
}

function onPath(tool: string, env: Readonly<Record<string, string | undefined>>): boolean {
  return `${env['PATH'] ?? ''}${delimiter}/usr/sbin${delimiter}/sbin`
    .split(delimiter)
    .some((folder) => {
      try {
        accessSync(join(folder, tool), constants.X_OK)
        return true
      } catch {
        return false
      }
    })
}

function isRoot(): boolean {
  return process.getuid?.() === 0
}

function unprivilegedPortStart(): number {
  try {
    return Number(readFileSync('/proc/sys/net/ipv4/ip_unprivileged_port_start', 'utf8'))
  } catch {
    return 1024
  }
}
