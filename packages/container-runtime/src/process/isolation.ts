import { mkdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { tryCommand } from './command.ts'
import { ownsAllUsers } from './id-mapping.ts'

/** What this machine lets the process handler do. */
export interface Isolation {
  /** `isolated`: own mount, PID, UTS and IPC namespaces and a private root. `plain`: process trees of this user. */
  readonly level: 'isolated' | 'plain'
  /** Root file systems by overlayfs; without it /usr is bound read-only. */
  readonly overlay: boolean
  /** Overlays must keep their marks in user attributes: this is a user namespace. */
  readonly userXattr: boolean
  /** A fresh sysfs can be mounted (not in a user namespace that does not own the network namespace). */
  readonly sysfs: boolean
  /** Why it is not more; empty when it is all there is. */
  readonly reasons: readonly string[]
}

/**
 * Tries in new namespaces what a container's start does and prints what worked. Overlay is tried where containers
 * will have it: its upper directory must lie on a file system that can carry one.
 */
const probeScript = `
mount -t proc proc /proc && echo proc
mount -t tmpfs tmpfs "$1/tmpfs" && echo tmpfs
mount -t sysfs sysfs "$1/sys" && echo sysfs
mount -t overlay overlay -o "lowerdir=/usr,upperdir=$1/upper,workdir=$1/work$2" "$1/merged" && echo overlay
`

/** Asks the kernel by trying; costs a few short-lived processes. `dir` is a scratch directory with the five folders. */
async function detectIsolation(dir: string): Promise<Isolation> {
  const userXattr = !ownsAllUsers()
  const namespaces = ['--mount', '--pid', '--uts', '--ipc', '--fork', '--kill-child', '--']
  const attributes = userXattr ? ',userxattr' : ''
  const words = [...namespaces, 'sh', '-c', probeScript, 'probe', dir, attributes]
  const probe = await tryCommand('unshare', words).catch((error: Error) => ({
    stdout: '',
    stderr: error.message,
  }))
  const found = new Set(probe.stdout.split('\n'))
  const reasons = probe.stderr.trim().split('\n').filter(Boolean)
  const isIsolated = found.has('proc') && found.has('tmpfs')
  return {
    level: isIsolated ? 'isolated' : 'plain',
    overlay: isIsolated && found.has('overlay'),
    userXattr,
    sysfs: isIsolated && found.has('sysfs'),
    reasons,
  }
}

const probeFolders = ['tmpfs', 'sys', 'upper', 'work', 'merged'] as const

/** Process trees of this user, because somebody asked for it. */
export const plainIsolation: Isolation = {
  level: 'plain',
  overlay: false,
  userXattr: false,
  sysfs: false,
  reasons: ['asked for by --isolation=plain'],
}

/** The best that the machine allows, unless plain was asked for. `dir` is made and removed. */
export async function chooseIsolation(wanted: 'auto' | 'plain', dir: string): Promise<Isolation> {
  if (wanted === 'plain') return plainIsolation
  rmSync(dir, { recursive: true, force: true })
  for (const name of probeFolders) mkdirSync(join(dir, name), { recursive: true })
  const isolation = await detectIsolation(dir)
  rmSync(dir, { recursive: true, force: true })
  return isolation
}
