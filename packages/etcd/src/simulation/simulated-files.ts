import { dirname } from 'node:path'
import type { Random } from '@kemu/base'

/** Sectors are written whole or not at all. */
const sectorBytes = 512

/** A file's contents, as programs see them and as the disk has them. */
export class Inode {
  data: Buffer = Buffer.alloc(0)
  /** What the disk has, when that is something else. */
  saved: Buffer | undefined
  /** Synchronous writes that the disk has not finished. */
  readonly underWay = new Set<{ readonly bytes: Buffer; readonly position: number }>()

  /** Remembers what the disk has before something is changed that it will not have at once. */
  unsync(): void {
    this.saved ??= Buffer.from(this.data)
  }

  sync(): void {
    this.saved = undefined
  }

  write(bytes: Buffer, position: number): void {
    this.data = overwritten(this.data, bytes, position)
  }

  resize(bytes: number): void {
    const resized = Buffer.alloc(bytes)
    this.data.copy(resized)
    this.data = resized
  }

  /** The program is killed: the system finishes what it was told, or had not begun. */
  settle(random: Random): void {
    for (const { bytes, position } of this.underWay) {
      if (random.int(2) === 0) this.write(bytes, position)
    }
    this.underWay.clear()
  }

  /** The power goes: of what was not synced, any sectors may be there. */
  lose(random: Random): void {
    let contents: Buffer = this.data
    if (this.saved) contents = mixed(this.saved, this.data, random)
    for (const { bytes, position } of this.underWay)
      contents = torn(contents, bytes, position, random)
    this.data = contents
    this.saved = undefined
    this.underWay.clear()
  }
}

function overwritten(data: Buffer, bytes: Buffer, position: number): Buffer {
  const end = position + bytes.length
  const target = end > data.length ? Buffer.alloc(end) : data
  if (target !== data) data.copy(target)
  bytes.copy(target, position)
  return target
}

/** Some sectors of the new contents, the rest of the old; as long as one of them. */
function mixed(before: Buffer, now: Buffer, random: Random): Buffer {
  const length = random.int(2) === 0 ? before.length : now.length
  const result = Buffer.alloc(length)
  before.copy(result, 0, 0, length)
  const share = [0, 0, 0.5, 1][random.int(4)]!
  for (let at = 0; at < length; at += sectorBytes) {
    if (random.next() >= share || at >= now.length) continue
    now.copy(result, at, at, Math.min(at + sectorBytes, length))
  }
  return result
}

/** A write that was under way: nothing of it, a beginning, all, or any of its sectors. */
function torn(data: Buffer, bytes: Buffer, position: number, random: Random): Buffer {
  switch (random.int(4)) {
    case 0:
      return data
    case 1:
      return overwritten(data, bytes, position)
    case 2:
      return overwritten(data, bytes.subarray(0, random.int(bytes.length + 1)), position)
    default: {
      let result: Buffer = Buffer.from(data)
      for (let at = 0; at < bytes.length; at += sectorBytes) {
        if (random.int(2) === 0) continue
        result = overwritten(result, bytes.subarray(at, at + sectorBytes), position + at)
      }
      return result
    }
  }
}

interface NameChange {
  readonly name: string
  /** Undefined: it was removed. */
  readonly inode: Inode | undefined
}

/** The names in all directories. A change is on disk when its directory was synced; until then a crash may undo it. */
export class SimulatedDirectories {
  readonly #names = new Map<string, Inode>()
  readonly #saved = new Map<string, Inode>()
  /** By directory, oldest first. */
  readonly #unsynced = new Map<string, NameChange[][]>()
  readonly #directories = new Set<string>()

  makeDirectory(path: string): void {
    for (let at = path; at !== dirname(at); at = dirname(at)) this.#directories.add(at)
  }

  exists(directory: string): boolean {
    return this.#directories.has(directory)
  }

  list(directory: string): string[] {
    const prefix = `${directory}/`
    return [...this.#names.keys()]
      .filter((path) => path.startsWith(prefix) && !path.slice(prefix.length).includes('/'))
      .map((path) => path.slice(prefix.length))
  }

  get(path: string): Inode | undefined {
    return this.#names.get(path)
  }

  /** Changes names of one directory in one step. */
  change(changes: readonly NameChange[]): void {
    const directory = dirname(changes[0]!.name)
    for (const { name, inode } of changes) set(this.#names, name, inode)
    const waiting = this.#unsynced.get(directory)
    if (waiting) waiting.push([...changes])
    else this.#unsynced.set(directory, [[...changes]])
  }

  sync(directory: string): void {
    for (const step of this.#unsynced.get(directory) ?? []) {
      for (const { name, inode } of step) set(this.#saved, name, inode)
    }
    this.#unsynced.delete(directory)
  }

  settle(random: Random): void {
    for (const inode of new Set(this.#names.values())) inode.settle(random)
  }

  /** The power goes: in each directory a beginning of what was changed has reached the disk. */
  lose(random: Random): void {
    for (const steps of this.#unsynced.values()) {
      for (const step of steps.slice(0, random.int(steps.length + 1))) {
        for (const { name, inode } of step) set(this.#saved, name, inode)
      }
    }
    this.#unsynced.clear()
    this.#names.clear()
    for (const [name, inode] of this.#saved) this.#names.set(name, inode)
    for (const inode of new Set(this.#names.values())) inode.lose(random)
  }
}

function set(names: Map<string, Inode>, name: string, inode: Inode | undefined): void {
  if (inode) names.set(name, inode)
  else names.delete(name)
}
