import {
  chmod,
  chown,
  mkdir,
  readdir,
  readFile,
  rename,
  rm,
  symlink,
  writeFile,
} from 'node:fs/promises'
import { readlinkSync } from 'node:fs'
import { dirname, join } from 'node:path'

export interface VolumeFile {
  readonly data: Buffer
  /** Permission bits. */
  readonly mode: number
  /** Owner; the kubelet's own user when left out. */
  readonly uid?: number
}

/** Files of a volume by their path in it. */
export type Payload = ReadonlyMap<string, VolumeFile>

/** The group that owns the files; undefined leaves them to the kubelet's own. */
export interface Ownership {
  readonly fsGroup: number | undefined
}

const dataLink = '..data'

/**
 * Brings a directory to this content so that a reader sees all of the old files or all of the new
 * ones: files lie in a directory of their own, `..data` points at it, and what users see points
 * through `..data` (pkg/volume/util/atomic_writer). Answers whether anything changed.
 */
export async function writeAtomically(
  target: string,
  payload: Payload,
  stamp: string,
  ownership: Ownership,
): Promise<boolean> {
  await mkdir(target, { recursive: true, mode: 0o777 })
  const current = currentData(target)
  if (current !== undefined && (await isSame(join(target, current), payload))) return false
  const folder = `..${stamp}`
  await rm(join(target, folder), { recursive: true, force: true })
  await mkdir(join(target, folder), { mode: 0o755 })
  await chmod(join(target, folder), 0o755)
  for (const [path, file] of payload) await writeOne(join(target, folder, path), file, ownership)
  const fresh = join(target, `${dataLink}_tmp`)
  await rm(fresh, { force: true })
  await symlink(folder, fresh)
  await rename(fresh, join(target, dataLink))
  await showFiles(target, payload)
  if (current !== undefined) await rm(join(target, current), { recursive: true, force: true })
  return true
}

async function writeOne(path: string, file: VolumeFile, { fsGroup }: Ownership): Promise<void> {
  await mkdir(dirname(path), { recursive: true, mode: 0o755 })
  await writeFile(path, file.data, { mode: file.mode })
  await chmod(path, file.mode)
  if (process.getuid?.() !== 0 || (fsGroup === undefined && file.uid === undefined)) return
  await chown(path, file.uid ?? 0, fsGroup ?? 0)
}

function currentData(target: string): string | undefined {
  try {
    return readlinkSync(join(target, dataLink))
  } catch {
    return undefined // First write.
  }
}

async function isSame(folder: string, payload: Payload): Promise<boolean> {
  const present = await listFiles(folder, '')
  if (present.length !== payload.size) return false
  for (const path of present) {
    const wanted = payload.get(path)
    if (!wanted || !wanted.data.equals(await readFile(join(folder, path)))) return false
  }
  return true
}

async function listFiles(folder: string, below: string): Promise<string[]> {
  let entries
  try {
    entries = await readdir(join(folder, below), { withFileTypes: true })
  } catch {
    return [] // A half-made volume of a killed kubelet.
  }
  const lists = await Promise.all(
    entries.map(async (entry) => {
      const path = join(below, entry.name)
      return entry.isDirectory() ? listFiles(folder, path) : [path]
    }),
  )
  return lists.flat()
}

/** One link for each first path element; those of vanished files go. */
async function showFiles(target: string, payload: Payload): Promise<void> {
  const wanted = new Set([...payload.keys()].map((path) => path.split('/')[0]!))
  for (const name of await readdir(target)) {
    if (name.startsWith('..')) continue
    if (wanted.has(name)) wanted.delete(name)
    else await rm(join(target, name), { recursive: true, force: true })
  }
  for (const name of wanted) await symlink(join(dataLink, name), join(target, name))
}
