import { relative } from 'node:path'
import { endOf } from './test-company.ts'
import type { TestEvent } from './test-event.ts'

interface FileOutcome {
  readonly startedAtMs: number
  passed: number
  readonly failures: string[]
  readonly skipped: string[]
}

/** Whether the tests of a run were what they should be. Leaves count; a file counts when it failed on its own. */
export class TestReport {
  readonly #root: string
  readonly #print: (text: string) => void
  readonly #startedAtMs = Date.now()
  readonly #files = new Map<string, FileOutcome>()
  readonly #flaky: string[] = []

  constructor(root: string, print: (text: string) => void) {
    this.#root = root
    this.#print = print
  }

  get passed(): number {
    return this.#outcomes().reduce((sum, { passed }) => sum + passed, 0)
  }

  get failed(): number {
    return this.#outcomes().reduce((sum, { failures }) => sum + failures.length, 0)
  }

  /** The files in which something failed. */
  get failedFiles(): readonly string[] {
    return [...this.#files].filter(([, { failures }]) => failures.length > 0).map(([file]) => file)
  }

  /**
   * What the files of one program say while they run: failures with their cause as they come, each file's time at its
   * end. A file that is run again counts as it went the last time, and what failed before is told at the end.
   * Answers the files that the program did not reach because it died.
   */
  async follow(
    program: string,
    files: readonly string[],
    events: AsyncIterable<TestEvent>,
  ): Promise<readonly string[]> {
    const path: string[] = []
    const rest = [...files]
    let outcome = this.#begin(rest[0]!)
    for await (const { type, data: told } of events) {
      // Of a test that its process did not survive there is no name.
      const data = { ...told, name: told.name ?? 'unfinished' }
      const file = rest[0]!
      const name = relative(this.#root, file)
      if (type === 'test:start') path.splice(data.nesting, Infinity, data.name)
      else if (type === 'test:stderr') this.#print(data.message)
      else if (data.name === endOf(file)) {
        if (type !== 'test:pass' || rest.length === 1) continue
        this.#close(name, outcome)
        rest.shift()
        outcome = this.#begin(rest[0]!)
      } else if (type === 'test:complete' && data.name === program && rest.length === 1)
        this.#close(name, outcome)
      else if (type === 'test:pass' && data.name !== program) onPass(outcome, name, path, data)
      else if (type === 'test:fail') this.#onFail(outcome, name, path, data)
    }
    return rest.slice(1)
  }

  #close(name: string, { startedAtMs, failures }: FileOutcome): void {
    if (failures.length === 0) this.#print(`ok   ${name} (${Date.now() - startedAtMs} ms)\n`)
  }

  #begin(file: string): FileOutcome {
    this.#flaky.push(...(this.#files.get(file)?.failures ?? []))
    const outcome = { startedAtMs: Date.now(), passed: 0, failures: [], skipped: [] }
    this.#files.set(file, outcome)
    return outcome
  }

  end(): void {
    const list = (title: string, rows: readonly string[]): void => {
      if (rows.length > 0) this.#print(`\n${title}:\n${rows.map((row) => `  ${row}\n`).join('')}`)
    }
    const outcomes = this.#outcomes()
    const skipped = [...new Set(outcomes.flatMap((outcome) => outcome.skipped))]
    list('skipped', skipped)
    list('failed the first time', this.#flaky)
    list(
      'failed',
      outcomes.flatMap(({ failures }) => failures),
    )
    const seconds = Math.round((Date.now() - this.#startedAtMs) / 1000)
    this.#print(`\n${skipped.length} skipped, ${seconds} s\n`)
  }

  #outcomes(): readonly FileOutcome[] {
    return [...this.#files.values()]
  }

  #onFail(outcome: FileOutcome, file: string, path: readonly string[], data: TestData): void {
    const error = data.details?.error
    if (error?.failureType === 'subtestsFailed') return
    const title = titleOf(file, path, data)
    outcome.failures.push(title)
    this.#print(`FAIL ${title}\n     ${data.file ?? ''}:${data.line ?? ''}\n${describe(error)}\n`)
  }
}

function onPass(outcome: FileOutcome, file: string, path: readonly string[], data: TestData): void {
  const { skip } = data
  const isLeaf = data.details?.type !== 'suite'
  if (skip === undefined || skip === false) outcome.passed += isLeaf ? 1 : 0
  else
    outcome.skipped.push(
      `${titleOf(file, path, data)}${typeof skip === 'string' ? `: ${skip}` : ''}`,
    )
}

/** The file and every name down to the one that is told of; the place alone may be in what many files share. */
function titleOf(file: string, path: readonly string[], { name, nesting }: TestData): string {
  const names = [...path.slice(0, nesting), name].filter((word) => !word.endsWith(file))
  return [file, ...names].join(' > ')
}

function describe(error: ErrorOfTest): string {
  if (!error) return '     no reason given'
  const cause = error.cause ?? error
  if (typeof cause === 'string') return indent(cause)
  const { diff, code, details } = cause
  const status = code === undefined ? '' : `${code}${details === undefined ? '' : ` ${details}`}`
  const parts = [status, cause.stack ?? cause.message ?? JSON.stringify(cause), diff ?? '']
  return indent(parts.filter((part) => part !== '').join('\n'))
}

function indent(text: string): string {
  return text
    .split('\n')
    .slice(0, 40)
    .map((line) => `     ${line}`)
    .join('\n')
}

type ErrorOfTest = NonNullable<TestEvent['data']['details']>['error']
type TestData = TestEvent['data'] & { readonly name: string }
