import { tryCommand } from '../process/command.ts'
import { ownsAllUsers } from '../process/id-mapping.ts'

/** An OCI runtime of this machine. */
export interface OciRuntime {
  readonly name: string
  /** First line of `--version`. */
  readonly version: string
}

/**
 * Finds crun. (runc makes control groups of its own and cannot be told not to; ours are needed for both ways of
 * starting.) A text says why there is none. In a user namespace crun would need more ids than there are.
 */
export async function findOciRuntime(wanted: 'auto' | 'none'): Promise<OciRuntime | string> {
  if (wanted === 'none') return 'turned off by --oci-runtime=none'
  if (process.getuid?.() !== 0 || !ownsAllUsers()) return 'this runtime is not root of the machine'
  const name = 'crun'
  const said = await tryCommand(name, ['--version']).catch(() => undefined)
  if (said?.code !== 0) return `${name} is not installed`
  return { name, version: said.stdout.split('\n')[0] ?? name }
}

/** crun's words for a program that cannot be started, as runc says it: users know those. */
export function translateStartError(text: string): string {
  const notFound = /executable file `([^`]*)` not found in \$PATH/.exec(text)
  // crun says so of paths too, which nobody looks for in $PATH.
  if (notFound && !notFound[1]!.includes('/'))
    return `exec: "${notFound[1]}": executable file not found in $PATH`
  const missing =
    /(?:executable file `([^`]*)` not found(?: in \$PATH)?|cannot stat `(.*)`|open executable): No such/.exec(
      text,
    )
  const path = missing?.[1] ?? missing?.[2]
  if (path !== undefined) return `exec: "${path}": stat ${path}: no such file or directory`
  return text
}
