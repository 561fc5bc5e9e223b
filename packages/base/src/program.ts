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

/** The command line that runs a component. */
export function componentCommand(
  program: Program,
  component: string,
  flags: readonly string[],
): string[] {
  return [program.node, program.script, component, ...flags]
}
