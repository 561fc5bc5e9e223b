import { lstatSync, readdirSync, readFileSync, readlinkSync } from 'node:fs'
import type { Stats } from 'node:fs'
import { join } from 'node:path'

/** A file as it is seen through a stack of layers. */
export interface LayeredFile {
  /** Where it really lies on the machine. */
  readonly place: string
  readonly stat: Stats
}

/** As in path_resolution(7). */
const linksMax = 40

/** Parts of a path, without the empty ones and dots; `..` is resolved and never leaves the root. */
export function partsOf(path: string): string[] {
  const parts: string[] = []
  for (const part of path.split('/')) {
    if (part === '..') parts.pop()
    else if (part !== '' && part !== '.') parts.push(part)
  }
  return parts
}

/** Overlayfs's mark for a name that a layer removes: a character device with the number 0/0. */
function isWhiteout(stat: Stats): boolean {
  return stat.isCharacterDevice() && stat.rdev === 0
}

/**
 * Directory trees seen as one, as overlayfs would show them, without mounting anything. Links are followed inside the
 * tree only: whatever an image's links say, no path of the machine is reached.
 */
export class LayeredTree {
  readonly #layers: readonly string[]
  readonly #known: Map<string, LayeredFile | undefined> | undefined

  /** Top layer first. Of layers that nobody changes any more what was found once is remembered. */
  constructor(layers: readonly string[], change: 'changing' | 'still' = 'changing') {
    this.#layers = layers
    this.#known = change === 'still' ? new Map() : undefined
  }

  /** The path with all links followed; what does not exist is kept as it is written. No slash at the beginning. */
  resolve(path: string): string {
    let missing = partsOf(path)
    const found: string[] = []
    for (let links = 0; missing.length > 0;) {
      const part = missing.shift()!
      const file = this.#find([...found, part])
      if (!file?.stat.isSymbolicLink()) {
        found.push(part)
        continue
      }
      if (++links > linksMax) throw new Error(`too many levels of symbolic links: ${path}`)
      const target = readlinkSync(file.place)
      const base = target.startsWith('/') ? [] : found
      missing = partsOf([...base, target, ...missing].join('/'))
      found.length = 0
    }
    return found.join('/')
  }

  /** What lies at this path, links followed. */
  find(path: string): LayeredFile | undefined {
    return this.#find(partsOf(this.resolve(path)))
  }

  /** What lies at this path, which is given without links on the way; a link at its end is not followed. */
  entry(path: string): LayeredFile | undefined {
    return this.#find(partsOf(path))
  }

  /** A text file's content; undefined where there is none. */
  read(path: string): string | undefined {
    const file = this.find(path)
    return file?.stat.isFile() ? readFileSync(file.place, 'utf8') : undefined
  }

  /** Names in a directory, given without links. */
  list(path: string): string[] {
    const decided = new Map<string, boolean>()
    for (const layer of this.#layers) {
      const state = look(layer, partsOf(path))
      if (state.kind === 'absent') continue
      if (state.kind === 'hidden' || !state.stat.isDirectory()) break
      for (const name of readdirSync(state.place)) {
        if (!decided.has(name)) decided.set(name, !isWhiteout(lstatSync(join(state.place, name))))
      }
    }
    return [...decided].filter(([, isThere]) => isThere).map(([name]) => name)
  }

  #find(parts: readonly string[]): LayeredFile | undefined {
    const key = parts.join('/')
    if (this.#known?.has(key)) return this.#known.get(key)
    const found = this.#look(parts)
    this.#known?.set(key, found)
    return found
  }

  #look(parts: readonly string[]): LayeredFile | undefined {
    for (const layer of this.#layers) {
      const state = look(layer, parts)
      if (state.kind === 'there') return state
      if (state.kind === 'hidden') return undefined
    }
    return undefined
  }
}

type Look =
  | { readonly kind: 'there'; readonly place: string; readonly stat: Stats }
  | { readonly kind: 'absent' }
  /** A whiteout, or something that is no directory on the way: lower layers are not seen. */
  | { readonly kind: 'hidden' }

function look(layer: string, parts: readonly string[]): Look {
  let place = layer
  for (const [i, part] of parts.entries()) {
    place = join(place, part)
    const stat = lstatSync(place, { throwIfNoEntry: false })
    if (!stat) return { kind: 'absent' }
    if (isWhiteout(stat)) return { kind: 'hidden' }
    if (i < parts.length - 1 && !stat.isDirectory()) return { kind: 'hidden' }
  }
  const stat = lstatSync(place, { throwIfNoEntry: false })
  return stat ? { kind: 'there', place, stat } : { kind: 'absent' }
}
