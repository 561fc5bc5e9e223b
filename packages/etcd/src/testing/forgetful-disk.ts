import { dirname, join } from 'node:path'
import type { Disk, NewFile } from '../wal/disk.ts'
import { systemDisk } from '../wal/disk.ts'

/**
 * A disk for processes that are killed: what was not synced is kept in this process's memory and goes with it, as it
 * would go with the power. Names wait for the sync of their directory, contents for that of their file. With
 * `isLying` it says that writes are on disk and keeps them too: a mistake for the checkers to find.
 */
export function forgetfulDisk(isLying: boolean): Disk {
  const names = new PendingNames()
  const open = new Map<number, { readonly path: string; truncateTo: number | undefined }>()
  const truncations = new Map<string, number>()
  const settle = (fd: number): void => {
    const file = open.get(fd)!
    if (file.truncateTo !== undefined) systemDisk.truncateOpen(fd, file.truncateTo)
    file.truncateTo = undefined
  }
  return {
    ...systemDisk,
    list: (directory) => names.list(directory),
    read: (file) => {
      const bytes = systemDisk.read(names.pathOf(file))
      return bytes.subarray(0, truncations.get(names.pathOf(file)) ?? bytes.length)
    },
    rename: (from, to) => names.rename(from, to),
    remove: (file) => names.remove(file),
    truncate: (file, bytes) => void truncations.set(names.pathOf(file), bytes),
    syncDirectory(directory) {
      names.sync(directory)
      systemDisk.syncDirectory(directory)
    },
    syncDirectoryLater(directory, done) {
      names.sync(directory)
      systemDisk.syncDirectoryLater(directory, done)
    },
    openLog(file) {
      const path = names.create(file)
      const fd = systemDisk.openLog(path)
      open.set(fd, { path, truncateTo: truncations.get(path) })
      truncations.delete(path)
      return fd
    },
    truncateOpen(fd, bytes) {
      open.get(fd)!.truncateTo = bytes
    },
    write(fd, bytes, position, done) {
      if (isLying) return void setImmediate(() => done(null))
      settle(fd)
      systemDisk.write(fd, bytes, position, done)
    },
    writeNow(fd, bytes, position) {
      // What founds the log is written for good, else there would be nothing to forget.
      if (isLying && position > 0) return
      settle(fd)
      systemDisk.writeNow(fd, bytes, position)
    },
    syncData(fd) {
      settle(fd)
      systemDisk.syncData(fd)
    },
    close(fd) {
      open.delete(fd)
      systemDisk.close(fd)
    },
    create: (file) => createFile(names.create(file)),
  }
}

async function createFile(path: string): Promise<NewFile> {
  const file = await systemDisk.create(path)
  let unsynced: Buffer[] = []
  return {
    async write(bytes) {
      unsynced.push(Buffer.from(bytes))
    },
    async datasync() {
      for (const bytes of unsynced) await file.write(bytes)
      unsynced = []
      await file.datasync()
    },
    close: () => file.close(),
  }
}

/** What was made, renamed and removed since the last sync of its directory. */
class PendingNames {
  /** The name that programs see -> where it is; undefined: it is gone. */
  readonly #pending = new Map<string, string | undefined>()
  #count = 0

  pathOf(file: string): string {
    const path = this.#pending.has(file) ? this.#pending.get(file) : file
    if (path === undefined) throw Object.assign(new Error(`ENOENT: ${file}`), { code: 'ENOENT' })
    return path
  }

  list(directory: string): string[] {
    const names = new Set(systemDisk.list(directory))
    for (const [file, path] of this.#pending) {
      if (dirname(file) !== directory) continue
      const name = file.slice(directory.length + 1)
      if (path === undefined) names.delete(name)
      else names.add(name)
    }
    return [...names].filter((name) => !name.endsWith(unsynced))
  }

  /** The path of a file, which is a hidden one as long as its name is not synced. */
  create(file: string): string {
    const directory = dirname(file)
    if (this.list(directory).includes(file.slice(directory.length + 1))) return this.pathOf(file)
    const path = join(directory, `${process.pid}-${(this.#count += 1)}${unsynced}`)
    this.#pending.set(file, path)
    return path
  }

  rename(from: string, to: string): void {
    const path = this.pathOf(from)
    this.#pending.set(to, path)
    this.#pending.set(from, undefined)
  }

  remove(file: string): void {
    this.pathOf(file)
    this.#pending.set(file, undefined)
  }

  sync(directory: string): void {
    for (const [file, path] of this.#pending) {
      if (dirname(file) !== directory) continue
      this.#pending.delete(file)
      if (path !== undefined) systemDisk.rename(path, file)
      else if (systemDisk.list(directory).includes(file.slice(directory.length + 1))) {
        systemDisk.remove(file)
      }
    }
  }
}

const unsynced = '.unsynced'
