/**
 * A transcript is a text file of shell commands and what they printed on a real cluster:
 *
 *     # a remark
 *     $ kubectl get pods          the output and the exit code must be the same
 *     > <<EOF ...                 the command goes on
 *     ~ kubectl get endpoints     the same, but asked again until things have settled
 *     ? kubectl wait ...          repeated until it succeeds; what it prints does not matter
 *     ! the reason                the next command is known to differ on kemu
 *         output                  of the command above, four spaces in, normalised
 *         [exit 1]                when it is not 0
 */
export interface Transcript {
  readonly name: string
  readonly steps: readonly Step[]
}

export type StepKind = 'same' | 'settles' | 'succeeds'

export interface Step {
  readonly kind: StepKind
  readonly command: string
  /** What was printed, and how it ended. Empty before it is recorded, and of a step that only has to succeed. */
  readonly output: string
  /** Why kemu differs here. */
  readonly differs?: string
  /** Remarks and empty lines that stand before it. */
  readonly before: readonly string[]
}

const signs: Readonly<Record<StepKind, string>> = { same: '$', settles: '~', succeeds: '?' }
const kinds = new Map(Object.entries(signs).map(([kind, sign]) => [sign, kind as StepKind]))
const indent = '    '

/** @throws Error with the line that is none of the above. */
export function parseTranscript(name: string, text: string): Transcript {
  const steps: { -readonly [K in keyof Step]: Step[K] }[] = []
  let before: string[] = []
  let differs: string | undefined
  for (const line of text.trimEnd().split('\n')) {
    const last = steps.at(-1)
    const rest = line.slice(2)
    const kind = kinds.get(line[0] ?? '')
    if (line.startsWith(indent) && last) {
      // Empty lines within an output are written without their indent.
      last.output += `${'\n'.repeat(before.length)}${line.slice(indent.length)}\n`
      before = []
    } else if (line === '' || line.startsWith('#')) before.push(line)
    else if (line.startsWith('! ')) differs = rest
    else if (line.startsWith('> ') && last) last.command += `\n${rest}`
    else if (kind && line[1] === ' ') {
      steps.push({ kind, command: rest, output: '', before, ...(differs && { differs }) })
      before = []
      differs = undefined
    } else throw new Error(`${name}: what is this line: ${line}`)
  }
  return { name, steps }
}

export function formatTranscript({ steps }: Transcript): string {
  return steps.map(formatStep).join('')
}

function formatStep({ kind, command, output, differs, before }: Step): string {
  const lines = [
    ...before,
    ...(differs === undefined ? [] : [`! ${differs}`]),
    `${signs[kind]} ${command.replaceAll('\n', '\n> ')}`,
    ...(output === '' ? [] : output.trimEnd().split('\n')).map((line) => indent + line),
  ]
  return `${lines.map((line) => line.trimEnd()).join('\n')}\n`
}
