import {
  mkdirSync,
  readFileSync,
  rmSync,
  existsSync,
  chmodSync,
  linkSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'

/** Where all users of the machine say which blocks of 127.0.0.0/8 they use; one file a block, naming its cluster. */
const register = '/tmp/kemu-loopback-blocks'

/** Blocks that clusters may take; 127.0 is everybody's, and low numbers are liked by other programs. */
const firstBlock = 30
const lastBlock = 250

export class NoLoopbackBlock extends Error {
  override name = 'NoLoopbackBlock'
}

/**
 * Takes a free block for the cluster in that directory. The claim is one atomic link; a claim whose cluster is gone is
 * taken over. Blocks in `occupied` (somebody listens there) are passed by.
 */
export function claimLoopbackBlock(clusterDir: string, occupied: ReadonlySet<number>): number {
  mkdirSync(register, { recursive: true })
  try {
    chmodSync(register, 0o1777)
  } catch {
    // Another user made it; it has the mode already.
  }
  for (let block = firstBlock; block <= lastBlock; block++) {
    if (!occupied.has(block) && tryClaim(block, clusterDir)) return block
  }
  throw new NoLoopbackBlock(
    `all blocks from 127.${firstBlock} to 127.${lastBlock} are taken; see ${register}`,
  )
}

/** Gives the block back, if it is this cluster's. */
export function releaseLoopbackBlock(block: number, clusterDir: string): void {
  const file = join(register, String(block))
  if (existsSync(file) && ownerOf(file) === clusterDir) rmSync(file, { force: true })
}

function tryClaim(block: number, clusterDir: string): boolean {
  const file = join(register, String(block))
  if (existsSync(file)) {
    const owner = ownerOf(file)
    if (owner === undefined || existsSync(owner)) return false
    rmSync(file, { force: true })
  }
  const draft = `${file}.${process.pid}`
  writeFileSync(draft, clusterDir)
  try {
    linkSync(draft, file)
    return true
  } catch {
    return false
  } finally {
    rmSync(draft, { force: true })
  }
}

/** The directory of the cluster that holds the claim; undefined when it cannot be read (another user's). */
function ownerOf(file: string): string | undefined {
  try {
    return readFileSync(file, 'utf8').trim()
  } catch {
    return undefined
  }
}

/** Second bytes of all 127.x addresses on which somebody listens now (from /proc/net/tcp). */
export function occupiedBlocks(table: string): Set<number> {
  const blocks = new Set<number>()
  for (const [, hex] of table.matchAll(/^\s*\d+: ([0-9A-F]{8}):[0-9A-F]{4} \S+ 0A/gm)) {
    // The kernel prints the address with its bytes reversed.
    if (hex!.slice(6) === '7F') blocks.add(Number.parseInt(hex!.slice(4, 6), 16))
  }
  return blocks
}
