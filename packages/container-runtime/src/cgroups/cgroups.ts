import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmdirSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import type { Logger } from '@kemu/base'
import type { LinuxContainerResources } from '@kemu/rpc/cri'
import { findCgroups } from './cgroup-places.ts'
import type { CgroupPlaces, Controller } from './cgroup-places.ts'
import { removeGroups } from './remove-groups.ts'
import { parseOomKills, settingsV1, settingsV2 } from './limits.ts'
import { emptyRootGroup, enableControllers } from './unified-tree.ts'

export interface CgroupsOptions {
  /** The runtime's directory: it remembers which groups are its own. */
  readonly root: string
  readonly logger: Logger
}

/**
 * The control groups of this runtime's pods: `<own group>/kemu-<name>/<pod>/<container>`. They are made with the first
 * container and go with the last, so that a runtime that is taken down in order leaves nothing in the machine's tree.
 */
export class Cgroups {
  readonly #version: 1 | 2
  /** The runtime's group for each controller; in v2 they are one. */
  readonly #bases: ReadonlyMap<Controller, string>
  readonly #logger: Logger

  private constructor(version: 1 | 2, bases: ReadonlyMap<Controller, string>, logger: Logger) {
    this.#version = version
    this.#bases = bases
    this.#logger = logger
  }

  /** A text says why there can be none. */
  static open(options: CgroupsOptions): Cgroups | string {
    try {
      const mountInfo = readFileSync('/proc/self/mountinfo', 'utf8')
      const places = findCgroups(mountInfo, readFileSync('/proc/self/cgroup', 'utf8'))
      if (!places) return 'no control groups are mounted'
      const bases = planBases(places, nameOf(options.root))
      if (bases.size === 0) return 'the control groups here have no controllers'
      // For whoever cleans up after the host: nobody of it is left then.
      const dirs = [...new Set(bases.values())]
      writeFileSync(join(options.root, 'cgroups.json'), JSON.stringify(dirs))
      return new Cgroups(places.version, bases, options.logger)
    } catch (error) {
      return (error as Error).message
    }
  }

  /** What can be limited, for Status. */
  describe(): string {
    return `cgroup v${this.#version}: ${[...this.#bases.keys()].join(', ')}`
  }

  /** Makes a container's groups with their limits. Throws where the kernel refuses a value. */
  create(podId: string, containerId: string, resources: LinuxContainerResources | undefined): void {
    for (const base of this.#dirs([])) {
      const pod = join(base, short(podId))
      mkdirSync(pod, { recursive: true })
      if (this.#version === 2) [base, pod].forEach(enableControllers)
      mkdirSync(join(pod, short(containerId)), { recursive: true })
    }
    if (resources) this.update(podId, containerId, resources)
  }

  update(podId: string, containerId: string, resources: LinuxContainerResources): void {
    const settings = this.#version === 1 ? settingsV1(resources) : settingsV2(resources)
    for (const { controller, file, value } of settings) {
      const base = this.#bases.get(controller)
      if (base !== undefined)
        writeFileSync(join(base, short(podId), short(containerId), file), value)
    }
  }

  /** A process that writes 0 to each of these is in the container's groups. */
  procsFiles(podId: string, containerId: string): string[] {
    return this.#dirs([podId, containerId]).map((dir) => join(dir, 'cgroup.procs'))
  }

  /** The kernel killed a process of the container because its memory limit was reached. */
  wasOomKilled(podId: string, containerId: string): boolean {
    const base = this.#bases.get('memory')
    if (base === undefined) return false
    const file = this.#version === 1 ? 'memory.oom_control' : 'memory.events'
    const path = join(base, short(podId), short(containerId), file)
    return existsSync(path) && parseOomKills(readFileSync(path, 'utf8')) > 0
  }

  remove(podId: string, containerId?: string): void {
    const parts = containerId === undefined ? [podId] : [podId, containerId]
    for (const dir of this.#dirs(parts)) this.#removeTree(dir)
    if (containerId === undefined) this.#removeEmptyBases()
  }

  /** Removes the groups of pods that are no more. */
  sweep(pods: ReadonlySet<string>): void {
    const kept = new Set([...pods].map(short))
    for (const base of this.#dirs([]).filter((dir) => existsSync(dir))) {
      for (const entry of readdirSync(base, { withFileTypes: true }))
        if (entry.isDirectory() && !kept.has(entry.name)) this.#removeTree(join(base, entry.name))
    }
    this.#removeEmptyBases()
  }

  #removeEmptyBases(): void {
    for (const base of this.#dirs([]).filter((dir) => existsSync(dir))) {
      if (!readdirSync(base, { withFileTypes: true }).some((entry) => entry.isDirectory()))
        this.#removeTree(base)
    }
  }

  #dirs(ids: readonly string[]): string[] {
    return [...new Set(this.#bases.values())].map((base) => join(base, ...ids.map(short)))
  }

  /** A group that still holds a dying process stays; the next sweep takes it. */
  #removeTree(dir: string): void {
    try {
      removeGroups(dir)
    } catch (error) {
      this.#logger.debug('A control group stays for now', { dir, err: error })
    }
  }
}

/** A name that no other runtime of this machine has, the same after a restart: the root's place on the disk. */
function nameOf(root: string): string {
  const { dev, ino } = statSync(root)
  return `kemu-${dev.toString(16)}-${ino.toString(16)}`
}

/** 64 hexadecimal digits are more than anybody wants to read in a path. */
function short(id: string): string {
  return id.slice(0, 16)
}

/** Tries whether groups can be made, and leaves none. */
function planBases(places: CgroupPlaces, name: string): Map<Controller, string> {
  const bases = new Map(placesOf(places).map(([controller, dir]) => [controller, join(dir, name)]))
  for (const dir of new Set(bases.values())) {
    const isNew = !existsSync(dir)
    mkdirSync(dir, { recursive: true })
    if (isNew) rmdirSync(dir)
  }
  return bases
}

function placesOf(places: CgroupPlaces): [Controller, string][] {
  if (places.version === 1) return Object.entries(places.dirs) as [Controller, string][]
  emptyRootGroup(places.dir)
  return enableControllers(places.dir).map((controller) => [controller, places.dir])
}
