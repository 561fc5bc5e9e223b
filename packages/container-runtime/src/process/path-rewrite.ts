import { normalize } from 'node:path'
import type { Mount } from '@kemu/rpc/cri'

/** What may stand before and after a path inside an argument or a variable's value. */
const boundary = String.raw`[\s=:,;"'()<>|&\x60]`

/**
 * Where nothing can be mounted, absolute mount paths in a foreign program's words are replaced by the places that they
 * would have shown. Longest paths first, so that a mount below another wins.
 */
export class PathRewrite {
  readonly #rules: { readonly pattern: RegExp; readonly replacement: string }[]

  constructor(mounts: readonly Mount[]) {
    this.#rules = mounts
      .map((mount) => ({ from: normalize(mount.containerPath), to: mount.hostPath }))
      .filter(({ from }) => from !== '/')
      .sort((a, b) => b.from.length - a.from.length)
      .map(({ from, to }) => ({
        pattern: new RegExp(`(^|${boundary})${escapePattern(from)}(?=$|/|${boundary})`, 'g'),
        replacement: to,
      }))
  }

  apply(text: string): string {
    // Rules do not touch each other's results: a replaced path starts with the volume's place, at a boundary.
    return this.#rules.reduce(
      (done, { pattern, replacement }) =>
        done.replaceAll(pattern, (_match, before: string) => before + replacement),
      text,
    )
  }
}

function escapePattern(text: string): string {
  return text.replaceAll(/[.*+?^${}()|[\]\\]/g, String.raw`\$&`)
}
