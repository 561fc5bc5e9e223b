import { copyFileSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { delimiter, dirname, join } from 'node:path'
import { eventually } from '../support/eventually.ts'
import { findProgram } from '../support/programs.ts'
import { run, succeed } from '../support/run.ts'
import { normalise } from './normalise.ts'
import type { Step, Transcript } from './transcript.ts'

/** The cluster that commands run on. */
export interface Target {
  readonly kubeconfig: string
  /** The node that pods run on. */
  readonly node: string
  /** Where the transcripts and their manifests lie. */
  readonly folder: string
}

const settledMs = 1500
const succeedsLimitMs = 240_000
const settlesLimitMs = 120_000

/** Runs the commands of one transcript in a namespace of its own, which has the transcript's name. */
export class Session {
  readonly #target: Target
  readonly #home: string
  readonly #env: Readonly<Record<string, string | undefined>>

  constructor(target: Target) {
    this.#target = target
    this.#home = mkdtempSync(join(tmpdir(), 'kemu-transcript-'))
    const kubectl = dirname(findProgram('kubectl')!)
    this.#env = {
      PATH: `${kubectl}${delimiter}${process.env['PATH']}`,
      HOME: this.#home,
      KUBECONFIG: join(this.#home, 'kubeconfig'),
      NODE: target.node,
      TZ: 'UTC',
      LC_ALL: 'C',
    }
  }

  async open({ name }: Transcript): Promise<void> {
    mkdirSync(this.#home, { recursive: true })
    copyFileSync(this.#target.kubeconfig, this.#env['KUBECONFIG']!)
    const kubectl = (...args: string[]): Promise<string> =>
      succeed(findProgram('kubectl')!, args, { env: this.#env })
    await kubectl('config', 'set-context', '--current', `--namespace=${name}`)
    await kubectl('create', 'namespace', name)
    await kubectl('wait', '--for=create', '--timeout=240s', 'serviceaccount/default')
  }

  async close({ name }: Transcript): Promise<void> {
    const args = ['delete', 'namespace', name, '--wait=false', '--ignore-not-found']
    await run(findProgram('kubectl')!, args, { env: this.#env })
    rmSync(this.#home, { recursive: true, force: true })
  }

  /** What the step prints on a cluster whose answers are the measure. */
  async record({ kind, command }: Step): Promise<string> {
    if (kind === 'succeeds') return this.#untilSuccess(command)
    const first = await this.#ask(command)
    return kind === 'settles' ? this.#untilSettled(command, first) : first
  }

  /** What the step prints on a cluster that shall print this output. */
  async replay({ kind, command }: Step, output: string): Promise<string> {
    if (kind === 'succeeds')
      return this.#untilSuccess(command).catch((error: Error) => `${error.message}\n`)
    const endMs = performance.now() + (kind === 'settles' ? settlesLimitMs : 0)
    let answer = await this.#ask(command)
    while (answer !== output && performance.now() < endMs) {
      await new Promise((resolve) => setTimeout(resolve, 200))
      answer = await this.#ask(command)
    }
    return answer
  }

  /** Two answers in a row are the same. */
  async #untilSettled(command: string, before: string): Promise<string> {
    await new Promise((resolve) => setTimeout(resolve, settledMs))
    const now = await this.#ask(command)
    return now === before ? now : this.#untilSettled(command, now)
  }

  async #ask(command: string): Promise<string> {
    const { code, stdout } = await this.#shell(command)
    return normalise(stdout) + (code === 0 ? '' : `[exit ${code}]\n`)
  }

  async #untilSuccess(command: string): Promise<string> {
    await eventually(
      command,
      async () => {
        const { code, stdout } = await this.#shell(command)
        if (code !== 0) throw new Error(stdout)
        return true
      },
      succeedsLimitMs,
    )
    return ''
  }

  async #shell(command: string): Promise<{ code: number; stdout: string }> {
    const script = `cd '${this.#target.folder}'; exec 2>&1\n${command}`
    const outcome = await run('sh', ['-c', script], { env: this.#env })
    const ended = outcome.stdout === '' || outcome.stdout.endsWith('\n') ? '' : '\n'
    return { code: outcome.code, stdout: outcome.stdout + ended + outcome.stderr }
  }
}
