import type { Random } from '@kemu/base'
import type { Disk, DiskDone, NewFile } from '../wal/disk.ts'
import type { Kernel, Owner } from './kernel.ts'
import { Inode, SimulatedDirectories } from './simulated-files.ts'

/** Stands for the end of a program in the middle of a call. */
export class SimulatedCrash extends Error {
  override name = 'SimulatedCrash'
}

/** How a disk behaves just now. */
export interface DiskState {
  /** A write takes up to twice this. */
  latencyMs: number
  isFull: boolean
  /** For a test of the checkers: says that it has what it has not. */
  isLying: boolean
}

/** A program that uses the disk; it may end at any of its steps. */
export interface DiskUser extends Owner {
  /** Called before each step; throws a SimulatedCrash when the program ends there. */
  onStep(what: string): void
  /** The program is kept waiting. */
  block(ms: number): void
}

/** A machine's disk, which outlives its programs: what was not synced may be lost when the machine goes down. */
export class SimulatedDisk {
  readonly state: DiskState = { latencyMs: 0.2, isFull: false, isLying: false }
  readonly #kernel: Kernel
  readonly #random: Random
  readonly #directories = new SimulatedDirectories()
  /** Writes and names that were refused, lost or torn. */
  faults = 0

  constructor(kernel: Kernel, random: Random) {
    this.#kernel = kernel
    this.#random = random
  }

  /** The program is killed; the machine stays. */
  settle(): void {
    this.#directories.settle(this.#random)
  }

  /** The machine goes down. */
  lose(): void {
    this.#directories.lose(this.#random)
  }

  /** The disk as one program has it open. */
  openedBy(user: DiskUser): Disk {
    const directories = this.#directories
    const open = new Map<number, Inode>()
    let nextFd = 3
    const inodeOf = (fd: number): Inode => {
      const inode = open.get(fd)
      if (!inode) throw errno('EBADF', `fd ${fd}`)
      return inode
    }
    const find = (file: string): Inode => {
      const inode = directories.get(file)
      if (!inode) throw errno('ENOENT', file)
      return inode
    }
    const later = (run: () => void): void => {
      this.#kernel.schedule(user, this.#latencyMs(), run)
    }
    return {
      makeDirectory: (path) => directories.makeDirectory(path),
      list: (directory) => {
        if (!directories.exists(directory)) throw errno('ENOENT', directory)
        return directories.list(directory)
      },
      read: (file) => Buffer.from(find(file).data),
      rename: (from, to) => {
        user.onStep(`rename ${to}`)
        const inode = find(from)
        directories.change([
          { name: to, inode },
          { name: from, inode: undefined },
        ])
      },
      remove: (file) => {
        user.onStep(`remove ${file}`)
        find(file)
        directories.change([{ name: file, inode: undefined }])
      },
      truncate: (file, bytes) => {
        user.onStep(`truncate ${file}`)
        const inode = find(file)
        inode.unsync()
        inode.resize(bytes)
      },
      syncDirectory: (directory) => {
        user.onStep(`sync ${directory}`)
        this.#blockIfSlow(user)
        directories.sync(directory)
      },
      syncDirectoryLater: (directory, done) => {
        user.onStep(`sync ${directory}`)
        later(() => {
          directories.sync(directory)
          done(null)
        })
      },
      openLog: (file) => {
        user.onStep(`open ${file}`)
        let inode = directories.get(file)
        if (!inode) {
          if (this.state.isFull) throw this.#noSpace()
          inode = new Inode()
          directories.change([{ name: file, inode }])
        }
        open.set(nextFd, inode)
        return nextFd++
      },
      truncateOpen: (fd, bytes) => {
        user.onStep('truncate')
        const inode = inodeOf(fd)
        inode.unsync()
        inode.resize(bytes)
      },
      write: (fd, bytes, position, done) => this.#write(user, inodeOf(fd), bytes, position, done),
      writeNow: (fd, bytes, position) => this.#writeNow(user, inodeOf(fd), bytes, position),
      syncData: (fd) => inodeOf(fd).sync(),
      close: (fd) => void open.delete(fd),
      create: (file) => this.#create(user, file),
    }
  }

  #write(user: DiskUser, inode: Inode, bytes: Buffer, position: number, done: DiskDone): void {
    const copy = Buffer.from(bytes)
    const write = { bytes: copy, position }
    user.onStep('write to the log')
    inode.underWay.add(write)
    this.#kernel.schedule(user, this.#latencyMs(), () => {
      inode.underWay.delete(write)
      if (this.state.isFull) {
        inode.write(copy.subarray(0, this.#random.int(copy.length)), position)
        return done(this.#noSpace())
      }
      this.#finish(inode, copy, position)
      done(null)
    })
  }

  #writeNow(user: DiskUser, inode: Inode, bytes: Buffer, position: number): void {
    const write = { bytes: Buffer.from(bytes), position }
    inode.underWay.add(write)
    user.onStep('write to the log')
    inode.underWay.delete(write)
    this.#blockIfSlow(user)
    if (this.state.isFull) {
      inode.write(write.bytes.subarray(0, this.#random.int(bytes.length)), position)
      throw this.#noSpace()
    }
    this.#finish(inode, write.bytes, position)
  }

  #finish(inode: Inode, bytes: Buffer, position: number): void {
    // What founds a log is written for good, else there would be nothing to forget.
    const isKept = !this.state.isLying || position === 0
    if (!isKept) inode.unsync()
    inode.write(bytes, position)
    if (isKept) inode.sync()
  }

  async #create(user: DiskUser, file: string): Promise<NewFile> {
    const wait = (what: string): Promise<void> => {
      user.onStep(what)
      return new Promise((resolve) => this.#kernel.schedule(user, this.#latencyMs(), resolve))
    }
    await wait(`create ${file}`)
    if (this.state.isFull) throw this.#noSpace()
    const inode = new Inode()
    inode.unsync()
    this.#directories.change([{ name: file, inode }])
    return {
      write: async (bytes) => {
        const copy = Buffer.from(bytes)
        await wait(`write ${file}`)
        if (this.state.isFull) throw this.#noSpace()
        inode.write(copy, inode.data.length)
      },
      datasync: async () => {
        await wait(`sync ${file}`)
        inode.sync()
      },
      close: async () => {},
    }
  }

  #latencyMs(): number {
    return this.state.latencyMs * (0.5 + 1.5 * this.#random.next())
  }

  #blockIfSlow(user: DiskUser): void {
    if (this.state.latencyMs > 2) user.block(this.#latencyMs())
  }

  #noSpace(): NodeJS.ErrnoException {
    this.faults += 1
    return errno('ENOSPC', 'no space left on device')
  }
}

function errno(code: string, detail: string): NodeJS.ErrnoException {
  return Object.assign(new Error(`${code}: ${detail}`), { code })
}
