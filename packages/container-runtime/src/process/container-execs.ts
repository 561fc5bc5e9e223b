import { existsSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Clock } from '@kemu/base'
import { RpcError, status } from '@kemu/rpc'
import type { ExecProcess, ExecRequest } from '../handler/handler.ts'
import { findProgramProblem } from '../oci/find-program.ts'
import { ociProcess } from '../oci/oci-config.ts'
import type { ContainerRecord } from '../store/records.ts'
import { ExecFailed, startExec } from './exec-process.ts'
import { execWords } from './exec-words.ts'
import type { ExecPlace } from './exec-words.ts'
import { planCommand } from './launch-plan.ts'
import type { LaunchRequest } from './launch-plan.ts'
import type { Launch } from './launch-script.ts'

/** A running container, for commands in it. */
export interface ExecTarget {
  readonly container: ContainerRecord
  readonly surroundings: LaunchRequest
  /** Its first process. */
  readonly pid: number
  /** The container's directory; an OCI runtime started it when there is a bundle in it. */
  readonly dir: string
  readonly ociStateDir: string
  readonly cgroupProcs: readonly string[]
}

/** Runs commands in containers, the way their containers were started; those with a terminal always by the tools. */
export class ContainerExecs {
  readonly #clock: Clock
  #count = 0

  constructor(clock: Clock) {
    this.#clock = clock
  }

  async start(request: ExecRequest, target: ExecTarget): Promise<ExecProcess> {
    const plan = planCommand(target.surroundings, request.command, request.tty)
    const place = this.#place(target, plan)
    try {
      const started = await startExec({
        words: execWords(plan, place, target.cgroupProcs),
        stdin: request.stdin,
        tty: request.tty,
        clock: this.#clock,
      })
      void started.exited.catch(() => undefined).then(() => cleanUp(place))
      return started
    } catch (error) {
      cleanUp(place)
      if (!(error instanceof ExecFailed)) throw error
      throw execFailed(error.message)
    }
  }

  #place({ container, surroundings, pid, dir, ociStateDir }: ExecTarget, plan: Launch): ExecPlace {
    if (surroundings.level === 'plain') return { kind: 'plain' }
    const bundle = join(dir, 'bundle')
    if (plan.tty || !existsSync(bundle))
      return { kind: 'namespaces', pid, hasMachineTools: surroundings.image.layers === undefined }
    const [command = ''] = plan.command
    const problem = findProgramProblem(`/proc/${pid}/root`, command, plan.environment)
    if (problem !== undefined) throw execFailed(problem)
    const processFile = join(bundle, `exec-${++this.#count}.json`)
    writeFileSync(processFile, JSON.stringify(ociProcess(plan)))
    const run = { runtime: 'crun', stateDir: ociStateDir, bundle, containerId: container.id }
    return { kind: 'oci', run, processFile }
  }
}

function cleanUp(place: ExecPlace): void {
  if (place.kind === 'oci') rmSync(place.processFile, { force: true })
}

function execFailed(why: string): RpcError {
  return new RpcError(
    status.UNKNOWN,
    `OCI runtime exec failed: exec failed: unable to start container process: ${why}`,
  )
}
