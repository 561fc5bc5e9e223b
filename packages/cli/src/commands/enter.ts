import { spawn } from 'node:child_process'
import { descendants, hostProcess } from '@kemu/host'
import { ClusterDirectory } from '../cluster/cluster-directory.ts'
import type { ClusterRecord } from '../cluster/cluster-record.ts'
import { CliError } from '../cli-error.ts'
import { typed } from '../output/typed.ts'

/** `kemu enter HOST [COMMAND...]`: a shell (or a command) inside a host's namespaces. Ends with the command's code. */
export async function enter(
  host: string,
  command: readonly string[],
  options: { readonly name: string },
): Promise<void> {
  const directory = new ClusterDirectory(options.name)
  const [program, ...args] = enterCommand(directory.read(), directory, host, command)
  const child = spawn(program!, args, { stdio: 'inherit' })
  process.exitCode = await new Promise<number>((resolve, reject) => {
    child.once('error', reject)
    child.once('exit', (code) => resolve(code ?? 1))
  })
}

/** How to run a command as if on that host. */
export function enterCommand(
  record: ClusterRecord,
  directory: ClusterDirectory,
  host: string,
  command: readonly string[],
): string[] {
  if (!record.hosts.some((known) => known.name === host)) {
    const names = record.hosts.map((known) => known.name).join(', ')
    throw new CliError(`there is no host "${host}"; there are: ${names}`, 'usage')
  }
  const wanted = command.length > 0 ? command : ['sh']
  if (record.isolation === 'none') return [...wanted]
  const first = hostProcess(directory.host(host))
  if (!first)
    throw new CliError(
      `host "${host}" is down; start it with: ${typed('up', record.name)}`,
      'state',
    )
  // The process that launched the host stays outside its PID namespace; its child is the host's PID 1.
  const init = descendants(first.pid)[1] ?? first.pid
  const user = record.isolation === 'user-namespace' ? ['--user', '--preserve-credentials'] : []
  const namespaces = ['--mount', '--uts', '--ipc', '--net', '--pid', '--root', '--wd=/']
  return ['nsenter', '--target', String(init), ...user, ...namespaces, ...wanted]
}
