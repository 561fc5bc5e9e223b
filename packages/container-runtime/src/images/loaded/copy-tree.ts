import {
  chmodSync,
  copyFileSync,
  lchownSync,
  lutimesSync,
  mkdirSync,
  readlinkSync,
  symlinkSync,
} from 'node:fs'
import { join } from 'node:path'
import type { LayeredFile, LayeredTree } from './layered-tree.ts'

/** Files after which others get their turn. */
const turnEvery = 64

/**
 * Copies what the tree shows at a path (without links in it) into a directory that exists: the root of a container
 * where no overlay can be mounted, and what an image has in a volume's place. Special files are left out.
 */
export async function copyTree(tree: LayeredTree, path: string, target: string): Promise<void> {
  let copied = 0
  const folders = [path]
  for (const folder of folders) {
    for (const name of tree.list(folder)) {
      const from = join(folder, name)
      const file = tree.entry(from)
      if (!file) continue
      if (file.stat.isDirectory()) folders.push(from)
      copyOne(file, join(target, from.slice(path.length)))
      if (++copied % turnEvery === 0) await new Promise((resolve) => setImmediate(resolve))
    }
  }
}

function copyOne({ place, stat }: LayeredFile, target: string): void {
  if (stat.isDirectory()) mkdirSync(target, { recursive: true })
  else if (stat.isSymbolicLink()) symlinkSync(readlinkSync(place), target)
  else if (stat.isFile()) copyFileSync(place, target)
  else return
  if (process.getuid?.() === 0) lchownSync(target, stat.uid, stat.gid)
  if (stat.isSymbolicLink()) return
  chmodSync(target, stat.mode & 0o7777)
  lutimesSync(target, stat.atime, stat.mtime)
}
