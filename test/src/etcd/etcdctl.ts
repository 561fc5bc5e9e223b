import { spawn } from 'node:child_process'
import type { ChildProcessWithoutNullStreams } from 'node:child_process'
import { eventually } from '../support/eventually.ts'
import { run, succeed } from '../support/run.ts'
import type { Outcome } from '../support/run.ts'
import { Normaliser } from './etcdctl-normalise.ts'

/** The ways in which etcdctl prints what it is answered. */
export const formats = ['simple', 'json', 'fields', 'table'] as const

/** One command of a session, and what came of it with everything that may differ put as a word. */
export interface Step {
  readonly command: string
  readonly output: string
}

export interface EtcdctlOptions {
  readonly program: string
  readonly endpoints: string
  /** Put as DIR in what is recorded. */
  readonly directory: string
}

export interface StepOptions {
  readonly input?: string
  readonly endpoints?: string
  /** Lines come in no fixed order. */
  readonly isSorted?: boolean
  readonly user?: string
  /** Nobody answers there: how long etcdctl tries. */
  readonly patience?: string
}

/** On a busy machine etcdctl's own 2 s and 5 s are soon over, and that is not what is tested. */
const patience = '60s'

/** What etcdctl reads of its surroundings. */
export function etcdctlEnvironment(
  endpoints: string,
  time = patience,
): Readonly<Record<string, string | undefined>> {
  return {
    ...process.env,
    ETCDCTL_API: '3',
    ETCDCTL_ENDPOINTS: endpoints,
    ETCDCTL_DIAL_TIMEOUT: time,
    ETCDCTL_COMMAND_TIMEOUT: time,
  }
}

/** Runs etcdctl and writes down what it says. */
export class Etcdctl {
  readonly steps: Step[] = []
  readonly #options: EtcdctlOptions
  readonly #normaliser: Normaliser

  constructor(options: EtcdctlOptions) {
    this.#options = options
    this.#normaliser = new Normaliser(options.directory)
  }

  /** One command, recorded: both streams and the exit code. Words are split at spaces; a list is taken as it is. */
  async run(command: string | readonly string[], options: StepOptions = {}): Promise<string> {
    const args = typeof command === 'string' ? command.split(' ') : [...command]
    const outcome = await run(this.#options.program, args, {
      env: this.#env(options),
      ...(options.input !== undefined && { input: options.input }),
    })
    this.#record(args, outcome, options)
    return outcome.stdout
  }

  /** One command that has to succeed and is not recorded. */
  quietly(command: string, options: StepOptions = {}): Promise<string> {
    const { input } = options
    return succeed(this.#options.program, command.split(' '), {
      env: this.#env(options),
      ...(input !== undefined && { input }),
    })
  }

  /** A command that goes on until it is stopped. */
  start(command: string | readonly string[], options: StepOptions = {}): RunningEtcdctl {
    const args = typeof command === 'string' ? command.split(' ') : [...command]
    const child = spawn(this.#options.program, args, { env: this.#env(options) })
    if (options.input !== undefined) child.stdin.write(options.input)
    return new RunningEtcdctl(child, (outcome) => this.#record(args, outcome, options))
  }

  #record(args: readonly string[], outcome: Outcome, { isSorted, user }: StepOptions): void {
    const as = user === undefined ? '' : ` (as ${user})`
    const lines = this.#normaliser
      .text(`${outcome.stdout}${outcome.stderr}[${outcome.code}]`)
      .split('\n')
    this.steps.push({
      command: this.#normaliser.text(`etcdctl ${args.join(' ')}`) + as,
      output: (isSorted ? lines.sort() : lines).join('\n'),
    })
  }

  #env({
    endpoints = this.#options.endpoints,
    user,
    patience: time,
  }: StepOptions): Readonly<Record<string, string | undefined>> {
    return {
      ...etcdctlEnvironment(endpoints, time),
      ...(user !== undefined && { ETCDCTL_USER: user }),
    }
  }
}

class RunningEtcdctl {
  readonly #child: ChildProcessWithoutNullStreams
  readonly #record: (outcome: Outcome) => void
  #stdout = ''
  #stderr = ''
  readonly #closed: Promise<number>

  constructor(child: ChildProcessWithoutNullStreams, record: (outcome: Outcome) => void) {
    this.#child = child
    this.#record = record
    child.stdin.on('error', () => {})
    child.stdout.setEncoding('utf8').on('data', (text: string) => (this.#stdout += text))
    child.stderr.setEncoding('utf8').on('data', (text: string) => (this.#stderr += text))
    this.#closed = new Promise((resolve) => child.once('close', (code) => resolve(code ?? 137)))
  }

  write(text: string): void {
    this.#child.stdin.write(text)
  }

  /** Waits until it has printed this. */
  shows(text: string | RegExp): Promise<string> {
    return eventually(`etcdctl shows ${String(text)}`, () => {
      return this.hasShown(text) ? this.#stdout : undefined
    })
  }

  hasShown(text: string | RegExp): boolean {
    return typeof text === 'string' ? this.#stdout.includes(text) : text.test(this.#stdout)
  }

  /** Interrupts it and records what it has printed. */
  async stop(signal: NodeJS.Signals = 'SIGINT'): Promise<void> {
    this.#child.kill(signal)
    await this.end()
  }

  /** Waits until it ends by itself, and records what it has printed. */
  async end(): Promise<void> {
    const code = await this.#closed
    this.#record({ code, stdout: this.#stdout, stderr: this.#stderr })
  }

  kill(): void {
    this.#child.kill('SIGKILL')
  }
}
