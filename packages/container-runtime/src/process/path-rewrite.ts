import { normalize } from 'node:path'

/** What may stand before and after a path inside an argument or a variable's value. */
const boundary = String.raw`[\s=:,;"'()<>|&\x60]`

/**
 * Where nothing can be mounted, absolute paths in a foreign program's words are replaced by the places that they would
 * have shown. The longest path wins, so that a mount below another is found; a replaced path is not looked at again.
 */
export class PathRewrite {
  readonly #places = new Map<string, string>()
  readonly #pattern: RegExp

  /** Pairs of a container's path and its place; the first of equal paths counts. */
  constructor(pairs: readonly (readonly [containerPath: string, place: string])[]) {
    for (const [containerPath, place] of pairs) {
      const path = normalize(containerPath)
      if (path !== '/' && !this.#places.has(path)) this.#places.set(path, place)
    }
    const longestFirst = [...this.#places.keys()].sort((a, b) => b.length - a.length)
    const paths = longestFirst.map(escapePattern).join('|') || '(?!)'
    this.#pattern = new RegExp(`(^|${boundary})(${paths})(?=$|/|${boundary})`, 'g')
  }

  /** Which of the paths a text holds, with their places. */
  find(text: string): (readonly [containerPath: string, place: string])[] {
    return [...text.matchAll(this.#pattern)].map(([, , path = '']) => [
      path,
      this.#places.get(path)!,
    ])
  }

  apply(text: string): string {
    return text.replaceAll(
      this.#pattern,
      (_match, before: string, path: string) => before + this.#places.get(path)!,
    )
  }
}

function escapePattern(text: string): string {
  return text.replaceAll(/[.*+?^${}()|[\]\\]/g, String.raw`\$&`)
}
