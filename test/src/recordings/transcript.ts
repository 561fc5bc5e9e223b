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
 *     @ v1.32                     what follows is the output with kubectl of that version, where it is another one
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
  /** What another version of kubectl printed on the same cluster, where that differs, by version (`v1.32`). */
  readonly elsewhere: Readonly<Record<string, string>>
  /** Why kemu differs here. */
  readonly differs?: string
  /** Remarks and empty lines that stand before it. */
  readonly before: readonly string[]
}

/** The version whose words stand first. */
export const mainClient = 'v1.36'

const signs: Readonly<Record<StepKind, string>> = { same: '$', settles: '~', succeeds: '?' }
const kinds = new Map(Object.entries(signs).map(([kind, sign]) => [sign, kind as StepKind]))
const indent = '    '

/** What this version of kubectl printed. */
export function outputOf(step: Step, client: string): string {
  return step.elsewhere[client] ?? step.output
}

/** The step with what this version of kubectl printed. */
export function withOutput(step: Step, client: string, output: string): Step {
  if (client === mainClient) return { ...step, output }
  const { [client]: _, ...others } = step.elsewhere
  return { ...step, elsewhere: output === step.output ? others : { ...others, [client]: output } }
}

/** @throws Error with the line that is none of the above. */
export function parseTranscript(name: string, text: string): Transcript {
  const steps: Reading[] = []
  let before: string[] = []
  let differs: string | undefined
  let client = mainClient
  for (const line of text.trimEnd().split('\n')) {
    const last = steps.at(-1)
    const rest = line.slice(2)
    const kind = kinds.get(line[0] ?? '')
    if (line.startsWith(indent) && last) {
      // Empty lines within an output are written without their indent.
      const more = `${'\n'.repeat(before.length)}${line.slice(indent.length)}\n`
      if (client === mainClient) last.output += more
      else last.elsewhere[client] += more
      before = []
    } else if (line.startsWith('@ ') && last) {
      client = rest
      last.elsewhere[client] = ''
    } else if (line === '' || line.startsWith('#')) before.push(line)
    else if (line.startsWith('! ')) differs = rest
    else if (line.startsWith('> ') && last) last.command += `\n${rest}`
    else if (kind && line[1] === ' ') {
      steps.push({
        kind,
        command: rest,
        output: '',
        elsewhere: {},
        before,
        ...(differs && { differs }),
      })
      client = mainClient
      before = []
      differs = undefined
    } else throw new Error(`${name}: what is this line: ${line}`)
  }
  return { name, steps }
}

type Reading = { -readonly [K in keyof Step]: Step[K] } & { elsewhere: Record<string, string> }

export function formatTranscript({ steps }: Transcript): string {
  return steps.map(formatStep).join('')
}

function formatStep({ kind, command, output, elsewhere, differs, before }: Step): string {
  const lines = [
    ...before,
    ...(differs === undefined ? [] : [`! ${differs}`]),
    `${signs[kind]} ${command.replaceAll('\n', '\n> ')}`,
    ...indented(output),
    ...Object.entries(elsewhere).flatMap(([client, text]) => [`@ ${client}`, ...indented(text)]),
  ]
  return `${lines.map((line) => line.trimEnd()).join('\n')}\n`
}

function indented(output: string): string[] {
  return output === ''
    ? []
    : output
        .trimEnd()
        .split('\n')
        .map((line) => indent + line)
}
