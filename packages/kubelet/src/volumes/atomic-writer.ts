import {
  chmodSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { giveTo } from './give-to.ts'

export interface VolumeFile {
  readonly data: Buffer
  /** Permission bits. */
  readonly mode: number
  /** Owner; the kubelet's own user when left out. */
  readonly uid?: number
}

/** Files of a volume by their path in it. */
export type Payload = ReadonlyMap<string, VolumeFile>

export interface Ownership {
  /** The group that owns the files; undefined leaves them to the kubelet's own. */
  readonly fsGroup: number | undefined
  /** Permissions of the volume's own directory. */
  readonly mode: number
}

const dataLink = '..data'

/**
 * Brings a directory to this content so that a reader sees all of the old files or all of the new
 * ones: files lie in a directory of their own, `..data` points at it, and what users see points
 * through `..data` (pkg/volume/util/atomic_writer). Answers whether anything changed.
 */
export function writeAtomically(
  target: string,
  payload: Payload,
  stamp: string,
  ownership: Ownership,
): boolean {
  const current = currentData(target)
  if (current !== undefined && isSame(join(target, current), payload)) return false
  const folder = `..${stamp}`
  mkdirSync(join(target, folder), { recursive: true })
  if (current === undefined) own(target, ownership.mode, ownership)
  own(join(target, folder), 0o755, ownership)
  for (const [path, file] of payload) writeOne(join(target, folder), path, file, ownership)
  pointAt(target, folder, current === undefined)
  showFiles(target, payload)
  if (current !== undefined) rmSync(join(target, current), { recursive: true, force: true })
  return true
}

/** The first link is made in place; later ones take the place of another in one step. */
function pointAt(target: string, folder: string, isFirst: boolean): void {
  const link = join(target, dataLink)
  if (isFirst) {
    rmSync(link, { force: true })
    symlinkSync(folder, link)
    return
  }
  const fresh = `${link}_tmp`
  rmSync(fresh, { force: true })
  symlinkSync(folder, fresh)
  renameSync(fresh, link)
}

/** A directory of the volume: the set-group-id bit hands fsGroup on (SetVolumeOwnership). */
function own(dir: string, mode: number, { fsGroup }: Ownership): void {
  if (fsGroup !== undefined) giveTo(dir, 0, fsGroup)
  chmodSync(dir, fsGroup === undefined ? mode : mode | 0o2000)
}

function writeOne(folder: string, name: string, file: VolumeFile, ownership: Ownership): void {
  const { fsGroup } = ownership
  const path = join(folder, name)
  makeParents(folder, name, ownership)
  writeFileSync(path, file.data, { mode: file.mode })
  chmodSync(path, file.mode)
  if (fsGroup !== undefined || file.uid !== undefined) giveTo(path, file.uid ?? 0, fsGroup ?? 0)
}

function makeParents(folder: string, name: string, ownership: Ownership): void {
  const parents = name.split('/').slice(0, -1)
  for (const depth of parents.keys()) {
    const dir = join(folder, ...parents.slice(0, depth + 1))
    if (existsSync(dir)) continue
    mkdirSync(dir)
    own(dir, 0o755, ownership)
  }
}

function currentData(target: string): string | undefined {
  try {
    return readlinkSync(join(target, dataLink))
  } catch {
    return undefined // First write.
  }
}

function isSame(folder: string, payload: Payload): boolean {
  const present = listFiles(folder, '')
  if (present.length !== payload.size) return false
  for (const path of present) {
    const wanted = payload.get(path)
    if (!wanted || !wanted.data.equals(readFileSync(join(folder, path)))) return false
  }
  return true
}

function listFiles(folder: string, below: string): string[] {
  let entries
  try {
    entries = readdirSync(join(folder, below), { withFileTypes: true })
  } catch {
    return [] // A half-made volume of a killed kubelet.
  }
  return entries.flatMap((entry) => {
    const path = join(below, entry.name)
    return entry.isDirectory() ? listFiles(folder, path) : [path]
  })
}

/** One link for each first path element; those of vanished files go. */
function showFiles(target: string, payload: Payload): void {
  const wanted = new Set([...payload.keys()].map((path) => path.split('/')[0]!))
  for (const name of readdirSync(target)) {
    if (name.startsWith('..')) continue
    if (wanted.has(name)) wanted.delete(name)
    else rmSync(join(target, name), { recursive: true, force: true })
  }
  for (const name of wanted) symlinkSync(join(dataLink, name), join(target, name))
}
