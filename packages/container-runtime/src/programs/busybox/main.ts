/** `wget`, `nslookup`, `nc` and `top` as busybox has them; they ask the pod's own resolver. */
import { StubResolver } from '../stub-resolver.ts'
import { UsageError } from '../options.ts'
import { warnLine } from '../output.ts'
import { readSurroundings } from '../surroundings.ts'
import type { AppletContext } from './applet.ts'
import { nc } from './nc.ts'
import { nslookup } from './nslookup.ts'
import { top } from './top.ts'
import { wget } from './wget.ts'

const applets: Readonly<
  Record<string, (args: readonly string[], context: AppletContext) => Promise<number>>
> = { nc, nslookup, top, wget }

const [name = '', ...args] = process.argv.slice(2)
const surroundings = readSurroundings()
const applet = applets[name]
if (applet) {
  applet(args, { surroundings, resolver: new StubResolver(surroundings) }).then(
    // A full pipe is written later: what is left of it goes before the exit.
    (code) => process.stdout.write('', () => process.exit(code)),
    (error: unknown) => {
      warnLine(`${name}: ${error instanceof Error ? error.message : String(error)}`)
      process.exit(error instanceof UsageError ? 2 : 1)
    },
  )
} else {
  warnLine(`${name}: applet not found`)
  process.exitCode = 127
}
