import { spawn } from 'node:child_process'
import { closeSync, mkdirSync, openSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { componentCommand, sleep } from '@kemu/base'
import type { Clock, Program } from '@kemu/base'
import { addressAt } from './address-plan.ts'
import type { AddressPlan } from './address-plan.ts'
import type { Isolation } from './capabilities.ts'
import { FabricState } from './fabric-state.ts'

export interface FabricConfig {
  readonly dir: string
  readonly plan: AddressPlan
  readonly isolation: Isolation
  /** Ports of the person's machine that are always open: 6443 to the API server. */
  readonly forward: Readonly<Record<number, string>>
}

/** Starts a cluster's fabric unless it runs; gives a pid in its namespace, for hosts to hang on. */
export async function startFabric(
  config: FabricConfig,
  program: Program,
  clock: Clock,
): Promise<number> {
  const state = new FabricState(config.dir)
  if (state.fabric() === undefined) await spawnFabric(config, program, clock, state)
  return state.holder()!
}

/** Ends the fabric and its gateway. Hosts must be gone. */
export async function stopFabric(dir: string, clock: Clock): Promise<void> {
  const state = new FabricState(dir)
  const fabric = state.fabric()
  if (fabric !== undefined) {
    process.kill(fabric, 'SIGTERM')
    while (state.fabric() !== undefined) await sleep(clock, 10)
  }
  const holder = state.holder()
  if (holder !== undefined) process.kill(holder, 'SIGKILL')
  state.remove()
}

async function spawnFabric(
  config: FabricConfig,
  program: Program,
  clock: Clock,
  state: FabricState,
): Promise<void> {
  const { dir, plan, isolation, forward } = config
  mkdirSync(dir, { recursive: true })
  const logFile = join(dir, 'fabric.log')
  const log = openSync(logFile, 'a')
  const [command, ...args] = componentCommand(program, 'fabric', [
    `--dir=${dir}`,
    `--isolation=${isolation}`,
    `--bridge-address=${addressAt(plan.nodeCidr, 1)}/${plan.nodeCidr.split('/')[1]}`,
    ...Object.entries(forward).map(([port, target]) => `--forward=${port}=${target}`),
  ]) as [string, ...string[]]
  const child = spawn(command, args, {
    cwd: '/',
    // A person's extra authorities are parsed at every start of Node; nobody here speaks to the outside.
    env: { ...process.env, NODE_EXTRA_CA_CERTS: undefined },
    stdio: ['ignore', log, log],
    detached: true,
  })
  closeSync(log)
  let ended = false
  child.once('exit', () => (ended = true))
  child.unref()
  while (state.fabric() === undefined) {
    if (ended)
      throw new Error(
        `the fabric did not start:\n${readFileSync(logFile, 'utf8').trim().split('\n').slice(-5).join('\n')}`,
      )
    await sleep(clock, 3)
  }
}
