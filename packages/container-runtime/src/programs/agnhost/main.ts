/** `agnhost COMMAND`: the most used commands of the Kubernetes tests' helper image. */
import { FlagError, parseFlags, systemClock } from '@kemu/base'
import { printLine, warnLine } from '../output.ts'
import { StubResolver } from '../stub-resolver.ts'
import { readSurroundings } from '../surroundings.ts'
import type { AgnhostCommand } from './command.ts'
import { mounttest } from './mounttest.ts'
import { netexec } from './netexec.ts'
import {
  connect,
  dnsServerList,
  dnsSuffix,
  entrypointTester,
  logsGenerator,
  pause,
} from './small-commands.ts'
import {
  etcHosts,
  liveness,
  portForwardTester,
  serveHostname,
  testWebserver,
} from './small-servers.ts'

const commands: Readonly<Record<string, AgnhostCommand>> = {
  connect,
  'dns-server-list': dnsServerList,
  'dns-suffix': dnsSuffix,
  'entrypoint-tester': entrypointTester,
  'etc-hosts': etcHosts,
  liveness,
  'logs-generator': logsGenerator,
  mounttest,
  netexec,
  pause,
  'port-forward-tester': portForwardTester,
  'serve-hostname': serveHostname,
  'test-webserver': testWebserver,
}

const shortFlags: Readonly<Record<string, string>> = {
  '-t': '--log-lines-total',
  '-d': '--run-duration',
}

async function run(name: string, args: readonly string[]): Promise<number> {
  const command = commands[name]
  if (!command) {
    warnLine(
      `Error: unknown command "${name}" for "app" (kemu's agnhost has: ${Object.keys(commands).join(', ')})`,
    )
    return 1
  }
  const surroundings = readSurroundings()
  const context = { clock: systemClock, surroundings, resolver: new StubResolver(surroundings) }
  const { flagWords, words } = splitWords(args, command)
  if (words.length > command.wordsMax)
    throw new FlagError(`accepts at most ${command.wordsMax} arg(s), received ${words.length}`)
  return command.run(parseFlags(command.flags, flagWords), words, context)
}

/** cobra takes `_` for `-` in flags and words between them; entrypoint-tester takes everything as words. */
function splitWords(
  args: readonly string[],
  command: AgnhostCommand,
): { flagWords: string[]; words: string[] } {
  if (command.wordsMax === Number.POSITIVE_INFINITY) return { flagWords: [], words: [...args] }
  const flagWords: string[] = []
  const words: string[] = []
  for (let i = 0; i < args.length; i++) {
    const arg = shortFlags[args[i]!] ?? args[i]!
    if (!arg.startsWith('-')) words.push(arg)
    else {
      const [name = '', value] = arg.split(/=(.*)/s)
      const normal = name.replaceAll(/(?<=\w)_/g, '-')
      const isBoolean = command.flags[normal.replace(/^--?/, '')]?.type === 'boolean'
      if (value !== undefined) flagWords.push(`${normal}=${value}`)
      else if (isBoolean || i + 1 >= args.length) flagWords.push(normal)
      else flagWords.push(`${normal}=${args[++i]}`)
    }
  }
  return { flagWords, words }
}

const [name = 'help', ...args] = process.argv.slice(2)
if (name === 'help' || name === '--help')
  printLine(`Available Commands:\n  ${Object.keys(commands).join('\n  ')}`)
else {
  run(name, args).then(
    (code) => process.exit(code),
    (error: unknown) => {
      warnLine(`Error: ${error instanceof Error ? error.message : String(error)}`)
      process.exit(1)
    },
  )
}
