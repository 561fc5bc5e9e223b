import {
  copyFileSync,
  existsSync,
  mkdirSync,
  realpathSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { basename, join } from 'node:path'
import { tryCommand } from './command.ts'

/**
 * An image may hold nothing but one program. Where no OCI runtime starts its containers, a few tools of the machine do
 * the last steps inside the new root: they are copied with their libraries and seen, read-only, at this path.
 */
export const toolboxPath = '/dev/.kemu'

const names = ['sh', 'setsid', 'setpriv', 'env', 'umount', 'script'] as const
export type Tool = (typeof names)[number]

/** Where a root's last steps find their programs. */
export interface Tools {
  readonly kind: 'machine' | 'toolbox'
  /** Words that start a tool. */
  words(tool: Tool): readonly string[]
  /** What script(1) starts, and what that needs in its environment. */
  readonly shell: string
  readonly shellEnvironment: readonly string[]
}

/** For roots that hold the machine's programs. */
export const machineTools: Tools = {
  kind: 'machine',
  words: (tool) => [tool],
  shell: '/bin/sh',
  shellEnvironment: [],
}

/** The loader is named because the root's own, if it has one, is for other libraries. */
export const toolboxTools: Tools = {
  kind: 'toolbox',
  words: (tool) => [
    `${toolboxPath}/lib/ld.so`,
    '--library-path',
    `${toolboxPath}/lib`,
    `${toolboxPath}/bin/${tool}`,
  ],
  shell: `${toolboxPath}/bin/shell`,
  shellEnvironment: [`LD_LIBRARY_PATH=${toolboxPath}/lib`],
}

/** A `#!` line takes one argument, so this is `sh -c COMMAND` with the loader named and the libraries in a variable. */
const shellScript = `#!${toolboxPath}/lib/ld.so ${toolboxPath}/bin/sh
shift
eval "$1"
`

/** Makes the directory that is bound to `toolboxPath`; throws where the machine's tools cannot be taken along. */
export async function makeToolbox(dir: string): Promise<void> {
  if (existsSync(dir)) return // made by an earlier run; containers may hold it
  const scratch = `${dir}.part`
  rmSync(scratch, { recursive: true, force: true })
  mkdirSync(join(scratch, 'bin'), { recursive: true, mode: 0o755 })
  mkdirSync(join(scratch, 'lib'), { mode: 0o755 })
  for (const tool of names) {
    const path = await findTool(tool)
    copyFileSync(path, join(scratch, 'bin', tool))
    for (const library of await librariesOf(path))
      copyFileSync(realpathSync(library.path), join(scratch, 'lib', library.name))
  }
  writeFileSync(join(scratch, 'bin/shell'), shellScript, { mode: 0o755 })
  renameSync(scratch, dir)
}

async function findTool(tool: Tool): Promise<string> {
  const { code, stdout } = await tryCommand('sh', ['-c', 'command -v "$1"', 'sh', tool])
  if (code !== 0) throw new Error(`this machine has no ${tool}(1)`)
  return realpathSync(stdout.trim())
}

interface Library {
  readonly name: string
  readonly path: string
}

/** What ldd(1) says: `libc.so.6 => /lib/x86_64-linux-gnu/libc.so.6 (0x...)`, and the loader alone on its line. */
export function parseLdd(text: string): Library[] {
  return text.split('\n').flatMap((line): Library[] => {
    const [first = '', arrow, target = ''] = line.trim().split(/\s+/)
    if (arrow === '=>' && target.startsWith('/')) return [{ name: basename(first), path: target }]
    if (first.startsWith('/')) return [{ name: 'ld.so', path: first }]
    return []
  })
}

async function librariesOf(program: string): Promise<Library[]> {
  const { code, stdout, stderr } = await tryCommand('ldd', [program])
  if (code !== 0)
    throw new Error(`${program} cannot be taken along: ${stderr.trim() || stdout.trim()}`)
  return parseLdd(stdout)
}
