import { dirname, join } from 'node:path'

/** Where kemu itself is installed, so that one of its processes can start another. */
export interface Program {
  /** The Node binary that runs this process. */
  readonly node: string
  /** packages/cli/bin/kemu.cjs: `node kemu.cjs COMPONENT FLAGS`. */
  readonly script: string
  /** The root of the checkout or installation. */
  readonly root: string
}

/** The program that this process was started from; bin/kemu.cjs names it in `KEMU_PROGRAM`. */
export function thisProgram(
  env: Readonly<Record<string, string | undefined>> = process.env,
): Program {
  const script = env['KEMU_PROGRAM']
  if (!script) throw new Error('KEMU_PROGRAM is not set; start components through the kemu command')
  return { node: process.execPath, script, root: join(dirname(script), '../../..') }
}

/**
 * What Node is told when it runs one of kemu's components. They trust their cluster's authorities only; without this
 * flag Node parses its 140 public ones at the first TLS context all the same (22 ms of processor time).
 */
export const componentNodeFlags: readonly string[] = ['--use-openssl-ca']

/** The command line that runs a component. */
export function componentCommand(
  program: Program,
  component: string,
  flags: readonly string[],
): string[] {
  return [program.node, ...componentNodeFlags, program.script, component, ...flags]
}
