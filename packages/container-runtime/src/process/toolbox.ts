import { copyFileSync, existsSync, mkdirSync, realpathSync, renameSync, rmSync } from 'node:fs'
import { basename, join } from 'node:path'
import { tryCommand } from './command.ts'

/**
 * An image may hold nothing but one program. Where no OCI runtime starts its containers, a few tools of the machine do
 * the last steps inside the new root: they are copied with their libraries and seen, read-only, at this path.
 */
export const toolboxPath = '/dev/.kemu'

const tools = ['sh', 'setsid', 'setpriv', 'env', 'umount'] as const
export type Tool = (typeof tools)[number]

/** Words that start a tool. */
export type ToolWords = (tool: Tool) => readonly string[]

/** The machine's tools by their names: for roots that hold them. */
export const machineTools: ToolWords = (tool) => [tool]

/** The loader is named because the root's own, if it has one, is for other libraries. */
export const toolboxTools: ToolWords = (tool) => [
  `${toolboxPath}/lib/ld.so`,
  '--library-path',
  `${toolboxPath}/lib`,
  `${toolboxPath}/bin/${tool}`,
]

/** Makes the directory that is bound to `toolboxPath`; throws where the machine's tools cannot be taken along. */
export async function makeToolbox(dir: string): Promise<void> {
  if (existsSync(dir)) return // made by an earlier run; containers may hold it
  const scratch = `${dir}.part`
  rmSync(scratch, { recursive: true, force: true })
  mkdirSync(join(scratch, 'bin'), { recursive: true, mode: 0o755 })
  mkdirSync(join(scratch, 'lib'), { mode: 0o755 })
  for (const tool of tools) {
    const path = await findTool(tool)
    copyFileSync(path, join(scratch, 'bin', tool))
    for (const library of await librariesOf(path))
      copyFileSync(realpathSync(library.path), join(scratch, 'lib', library.name))
  }
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
