import {
  chmodSync,
  lstatSync,
  mkdirSync,
  readlinkSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { dirname, join } from 'node:path'
import { toolboxPath } from './toolbox.ts'

/** Directories of a container's root beside the machine's own, with their modes. */
const directories: readonly (readonly [path: string, mode: number])[] = [
  ['dev/pts', 0o755],
  ['dev/shm', 0o1777],
  ['dev/mqueue', 0o1777],
  ['etc', 0o755],
  ['home', 0o755],
  ['mnt', 0o755],
  ['opt', 0o755],
  ['proc', 0o555],
  ['root', 0o700],
  ['run', 0o755],
  ['sys', 0o555],
  ['tmp', 0o1777],
  ['usr', 0o755],
  ['var/cache', 0o755],
  ['var/lib', 0o755],
  ['var/log', 0o755],
  ['var/spool', 0o755],
  ['var/tmp', 0o1777],
]

/** Device files that every container has (OCI runtime spec, default devices): bound from the machine. */
export const deviceFiles = ['full', 'null', 'random', 'tty', 'urandom', 'zero'] as const

const links: Readonly<Record<string, string>> = {
  'dev/fd': '/proc/self/fd',
  'dev/ptmx': 'pts/ptmx',
  'dev/stderr': '/proc/self/fd/2',
  'dev/stdin': '/proc/self/fd/0',
  'dev/stdout': '/proc/self/fd/1',
  // Without it ICU compares every file of the zone database with nothing: 25 ms for each start of Node.
  'etc/localtime': '/usr/share/zoneinfo/Etc/UTC',
  'etc/mtab': '/proc/mounts',
  'var/lock': '/run/lock',
  'var/run': '/run',
}

const files: Readonly<Record<string, string>> = {
  'etc/group':
    'root:x:0:\ndaemon:x:1:\nbin:x:2:\nsys:x:3:\nadm:x:4:\ntty:x:5:\nmail:x:8:\nwww-data:x:33:\nusers:x:100:\n' +
    'nogroup:x:65534:\n',
  'etc/passwd':
    'root:x:0:0:root:/root:/bin/sh\ndaemon:x:1:1:daemon:/usr/sbin:/bin/false\nbin:x:2:2:bin:/bin:/bin/false\n' +
    'mail:x:8:8:mail:/var/spool/mail:/bin/false\nwww-data:x:33:33:www-data:/var/www:/bin/false\n' +
    'nobody:x:65534:65534:nobody:/home:/bin/false\n',
  'etc/nsswitch.conf': 'passwd: files\ngroup: files\nhosts: files dns\n',
  'etc/hosts': '',
  'etc/hostname': '',
  'etc/resolv.conf': '',
}

/** Folders of the machine that hold programs and libraries; `/usr` is treated on its own. */
const programFolders = ['bin', 'lib', 'lib32', 'lib64', 'libx32', 'sbin', 'opt', 'nix'] as const

/** What Debian's and others' programs read below /etc to find each other. */
const sharedEtc = [
  'alternatives',
  'ca-certificates',
  'ld.so.cache',
  'ld.so.conf',
  'ld.so.conf.d',
  'pki',
  'ssl',
] as const

export interface Skeleton {
  /** The lowest layer of every root. */
  readonly root: string
  /** Absolute paths of the machine that are bound read-only at the same place. */
  readonly bound: readonly string[]
  /** Links at the top (`/bin` to `usr/bin`), to find where a path really lies. */
  readonly links: Readonly<Record<string, string>>
  readonly passwd: string
  readonly group: string
}

/** The lowest layer of a loaded image's containers: only what kernel file systems are put on. */
export function makeKernelRoot(root: string): void {
  rmSync(root, { recursive: true, force: true })
  for (const [path, mode] of directories) {
    if (!/^(dev|proc|sys)(\/|$)/.test(path)) continue
    mkdirSync(join(root, path), { recursive: true })
    chmodSync(join(root, path), mode)
  }
  mkdirSync(join(root, toolboxPath), { recursive: true })
  for (const name of deviceFiles) writeFileSync(join(root, 'dev', name), '')
  for (const [path, target] of Object.entries(links))
    if (path.startsWith('dev/')) symlinkSync(target, join(root, path))
}

/**
 * Lays out the lowest layer of the containers' root file systems from what this machine has, with mount points for its
 * files and folders that every container sees at their own place.
 */
export function makeSkeleton(root: string, mounted: readonly string[]): Skeleton {
  rmSync(root, { recursive: true, force: true })
  for (const [path, mode] of directories) {
    mkdirSync(join(root, path), { recursive: true })
    chmodSync(join(root, path), mode) // the umask would take the others' write bit from /tmp
  }
  for (const name of deviceFiles) writeFileSync(join(root, 'dev', name), '')
  for (const [path, text] of Object.entries(files)) writeFileSync(join(root, path), text)
  for (const [path, target] of Object.entries(links)) symlinkSync(target, join(root, path))
  const topLinks: Record<string, string> = { 'var/run': 'run' }
  const bound: string[] = []
  for (const name of programFolders) {
    const stat = lstatSync(`/${name}`, { throwIfNoEntry: false })
    if (stat?.isSymbolicLink()) {
      const target = readlinkSync(`/${name}`)
      symlinkSync(target, join(root, name))
      topLinks[name] = target.replace(/^\//, '')
    } else if (stat?.isDirectory()) {
      mkdirSync(join(root, name), { recursive: true })
      bound.push(`/${name}`)
    }
  }
  for (const name of sharedEtc) shareEtc(root, name, bound)
  for (const path of mounted.filter((each) => !each.startsWith('/usr/'))) {
    const isFile = statSync(path).isFile()
    makeFolders(root, isFile ? dirname(path) : path)
    if (isFile) writeFileSync(join(root, path), '')
  }
  return { root, bound, links: topLinks, passwd: files['etc/passwd']!, group: files['etc/group']! }
}

/** Open to all users, whatever the umask. */
function makeFolders(root: string, path: string): void {
  let place = root
  for (const name of path.split('/').filter(Boolean)) {
    place = join(place, name)
    if (lstatSync(place, { throwIfNoEntry: false })) continue
    mkdirSync(place)
    chmodSync(place, 0o755)
  }
}

/** On a host the file is a link to the machine's, which leads nowhere inside a container: its target is bound. */
function shareEtc(root: string, name: string, bound: string[]): void {
  const source = `/etc/${name}`
  const stat = statSync(source, { throwIfNoEntry: false })
  if (!stat) return
  if (stat.isDirectory()) mkdirSync(join(root, source))
  else writeFileSync(join(root, source), '')
  bound.push(source)
}
