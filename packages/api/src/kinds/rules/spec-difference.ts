/**
 * Which lines of two objects differ, as a unified diff of their JSON without the names of files. Upstream shows its
 * internal type here (Go's names, every field); this shows the fields as manifests write them.
 */
export function specDifference(before: unknown, after: unknown): string {
  const a = prettyLines(before)
  const b = prettyLines(after)
  const edits = editScript(a, b)
  const hunks = groupHunks(edits)
  return hunks
    .flatMap(hunkLines)
    .map((line) => `${line}\n`)
    .join('')
}

interface Edit {
  readonly sign: ' ' | '-' | '+'
  readonly line: string
  /** Line numbers, from 0, before this edit. */
  readonly a: number
  readonly b: number
}

const contextLines = 3

function prettyLines(value: unknown): string[] {
  return JSON.stringify(sortKeys(value), undefined, 1).split('\n')
}

function sortKeys(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sortKeys)
  if (value === null || typeof value !== 'object') return value
  const entries = Object.entries(value).filter(([, v]) => v !== undefined)
  entries.sort(([a], [b]) => (a < b ? -1 : 1))
  return Object.fromEntries(entries.map(([key, v]) => [key, sortKeys(v)]))
}

/**
 * More lines than this are not aligned, but shown as taken away and added: the table of lengths grows with their
 * square.
 */
const maxAlignedLines = 2000

/** By the longest common subsequence of what lies between the lines that both share at their start and end. */
function editScript(a: readonly string[], b: readonly string[]): Edit[] {
  let start = 0
  while (start < a.length && a[start] === b[start]) start += 1
  let end = 0
  while (end < Math.min(a.length, b.length) - start && a.at(-1 - end) === b.at(-1 - end)) end += 1
  const signs = [
    ...same(start),
    ...alignedSigns(a.slice(start, a.length - end), b.slice(start, b.length - end)),
    ...same(end),
  ]
  let [i, j] = [0, 0]
  return signs.map((sign) => {
    const edit = { sign, line: sign === '+' ? b[j]! : a[i]!, a: i, b: j }
    if (sign !== '+') i += 1
    if (sign !== '-') j += 1
    return edit
  })
}

function same(count: number): ' '[] {
  return Array.from({ length: count }, () => ' ')
}

function alignedSigns(a: readonly string[], b: readonly string[]): Edit['sign'][] {
  if (Math.max(a.length, b.length) > maxAlignedLines)
    return [...a.map(() => '-' as const), ...b.map(() => '+' as const)]
  const lengths = commonLengths(a, b)
  const signs: Edit['sign'][] = []
  let [i, j] = [0, 0]
  while (i < a.length || j < b.length) {
    if (i < a.length && a[i] === b[j]) {
      signs.push(' ')
      i += 1
      j += 1
    } else if (j >= b.length || (i < a.length && lengths[i + 1]![j]! >= lengths[i]![j + 1]!)) {
      signs.push('-')
      i += 1
    } else {
      signs.push('+')
      j += 1
    }
  }
  return signs
}

function commonLengths(a: readonly string[], b: readonly string[]): Uint16Array[] {
  const lengths = Array.from({ length: a.length + 1 }, () => new Uint16Array(b.length + 1))
  for (let i = a.length - 1; i >= 0; i--)
    for (let j = b.length - 1; j >= 0; j--)
      lengths[i]![j] =
        a[i] === b[j]
          ? lengths[i + 1]![j + 1]! + 1
          : Math.max(lengths[i + 1]![j]!, lengths[i]![j + 1]!)
  return lengths
}

function groupHunks(edits: readonly Edit[]): Edit[][] {
  const hunks: Edit[][] = []
  let lastShown = -1
  for (const [at, edit] of edits.entries()) {
    if (edit.sign === ' ') continue
    const start = Math.max(lastShown + 1, at - contextLines)
    if (hunks.length === 0 || start > lastShown + 1) hunks.push([])
    const end = Math.min(edits.length - 1, at + contextLines)
    hunks.at(-1)!.push(...edits.slice(start, end + 1))
    lastShown = Math.max(lastShown, end)
  }
  return hunks
}

function hunkLines(hunk: readonly Edit[]): string[] {
  const first = hunk[0]!
  const count = (skipped: '-' | '+'): number => hunk.filter(({ sign }) => sign !== skipped).length
  const header = `@@ -${first.a + 1},${count('+')} +${first.b + 1},${count('-')} @@`
  return [header, ...hunk.map(({ sign, line }) => `${sign}${line}`)]
}
