import { createHash } from 'node:crypto'
import { chmodSync, existsSync, mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { componentNodeFlags } from '@kemu/base'
import type { ImageDefinition } from '../images/image.ts'
import { quoteAll } from './shell-quote.ts'

/** Where kemu's programs are on this machine. */
export interface ProgramPlaces {
  /** The node that runs this runtime. */
  readonly node: string
  /** Directory of `<name>.cjs`. */
  readonly bundles: string
  /** `kemu.cjs`, which keeps compiled code; undefined: bundles are run directly. */
  readonly launcher: string | undefined
  /** A real etcd in the place of ours (KEMU_ETCD_PROGRAM, below `bundles`), to see whether the rest notices. */
  readonly realEtcd?: string | undefined
}

export function findProgramPlaces(bundles: string): ProgramPlaces {
  const launcher = join(bundles, '../../bin/kemu.cjs')
  return {
    node: process.execPath,
    bundles,
    launcher: existsSync(launcher) ? launcher : undefined,
    realEtcd: process.env['KEMU_ETCD_PROGRAM'] || undefined,
  }
}

/** Folders that must be seen inside an isolated container for the programs to run. */
export function programFolders({ node, bundles, launcher }: ProgramPlaces): string[] {
  return [node, bundles, ...(launcher === undefined ? [] : [dirname(launcher)])]
}

/** The command line of one of kemu's programs, by bundle and first arguments. */
export function programWords(
  { node, bundles, launcher, realEtcd }: ProgramPlaces,
  program: string,
): string[] {
  if (program === 'etcd' && realEtcd !== undefined) return [realEtcd]
  const [bundle = '', ...args] = program.split(' ')
  const isComponent = !bundle.startsWith('program-')
  return [
    node,
    ...(isComponent ? componentNodeFlags : []),
    ...(launcher === undefined ? [join(bundles, `${bundle}.cjs`)] : [launcher, bundle]),
    ...args,
  ]
}

/**
 * The files that images bring, as directory trees: for each of kemu's programs a small script that becomes
 * `node <bundle>`. Made when first needed in a run of the runtime, since the places may have moved.
 */
export class ImageRoots {
  readonly #dir: string
  readonly #places: ProgramPlaces
  readonly #made = new Map<ImageDefinition, string>()

  constructor(dir: string, places: ProgramPlaces) {
    this.#dir = dir
    this.#places = places
  }

  rootOf(image: ImageDefinition): string {
    let root = this.#made.get(image)
    if (root === undefined) {
      root = this.#make(image)
      this.#made.set(image, root)
    }
    return root
  }

  #make(image: ImageDefinition): string {
    const files = new Map(Object.entries(image.files))
    for (const [path, bundle] of Object.entries(image.programs))
      files.set(path, this.#wrapper(bundle, image.version))
    const key = createHash('sha256')
      .update(JSON.stringify([...files]))
      .digest('hex')
      .slice(0, 24)
    const root = join(this.#dir, key)
    // Containers of an earlier run may have it as their lower layer: equal content, so it is kept.
    if (existsSync(join(root, '.complete'))) return join(root, 'rootfs')
    rmSync(root, { recursive: true, force: true })
    mkdirSync(join(root, 'rootfs'), { recursive: true, mode: 0o755 })
    for (const [path, text] of files) {
      const target = join(root, 'rootfs', path)
      mkdirSync(dirname(target), { recursive: true })
      writeFileSync(target, text)
      chmodSync(target, text.startsWith('#!') ? 0o755 : 0o644)
    }
    writeFileSync(join(root, '.complete'), '')
    return join(root, 'rootfs')
  }

  /** What only kemu's programs need to know stays out of the container's environment. */
  #wrapper(program: string, version: string): string {
    return [
      '#!/bin/sh',
      `export KEMU_IMAGE_VERSION=${quoteAll([version])}`,
      'export KEMU_HOSTS_FILE="${KEMU_HOSTS_FILE:-/etc/hosts}"',
      `exec ${quoteAll(programWords(this.#places, program))} "$@"`,
      '',
    ].join('\n')
  }
}
