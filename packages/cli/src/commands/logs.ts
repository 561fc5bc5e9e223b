import { existsSync, readdirSync, readFileSync, statSync, watch } from 'node:fs'
import { basename, join } from 'node:path'
import { ClusterDirectory } from '../cluster/cluster-directory.ts'
import { thisHost } from '../cluster/this-host.ts'
import { CliError } from '../cli-error.ts'
import { print } from '../output/print.ts'
import type { LogSearchOptions } from './log-search.ts'

export interface LogsOptions extends LogSearchOptions {
  readonly follow?: boolean
}

interface LogFile {
  readonly host: string
  readonly component: string
  readonly path: string
  /** Lines carry CRI's time, stream and tag before the text. */
  readonly cri: boolean
}

/** `kemu logs COMPONENT` reads the hosts' files; with words about pods, times or texts, what the logs add-on kept. */
export async function logs(component: string | undefined, options: LogsOptions): Promise<void> {
  const { search, since, pod, namespace, container } = options
  const isSearch = [search, since, pod, namespace, container].some((word) => word !== undefined)
  if (!isSearch && component !== undefined) return showFiles(component, options)
  if (!isSearch) {
    throw new CliError('say whose logs: a component, or --search, --since, --pod, ...', 'usage')
  }
  if (options.follow === true) throw new CliError('kept logs cannot be followed', 'usage')
  // Nothing else of kemu needs the client of Redis.
  const { searchKeptLogs } = await import('./log-search.ts')
  await searchKeptLogs(component, options)
}

/** Supervisor, runtime and kubelet from /var/log, everything else from its pod's log. */
function showFiles(component: string, options: LogsOptions): void {
  const known = hostsOf(new ClusterDirectory(options.name))
  const hosts = known.filter(({ name }) => options.host === undefined || name === options.host)
  if (hosts.length === 0) {
    const names = known.map(({ name }) => name).join(', ')
    throw new CliError(`there is no host "${options.host}"; there are: ${names}`, 'usage')
  }
  const all = hosts.flatMap(({ name, dir }) => logFiles(name, dir))
  const chosen = all.filter((file) => file.component === component)
  if (chosen.length === 0) {
    const written = [...new Set(all.map((file) => file.component))].sort().join(', ')
    throw new CliError(`nothing called "${component}" has a log; there are: ${written}`, 'usage')
  }
  const tail = options.tail === undefined ? undefined : Number(options.tail)
  for (const file of chosen) show(file, chosen.length > 1, tail, options.follow === true)
}

/** The hosts of a cluster on this machine; on a machine that is a host itself, that one. */
function hostsOf(directory: ClusterDirectory): { readonly name: string; readonly dir: string }[] {
  const here = directory.exists() ? undefined : thisHost()
  if (here) return [{ name: here.name, dir: '/' }]
  return directory.read().hosts.map(({ name }) => ({ name, dir: directory.host(name) }))
}

function logFiles(host: string, hostDir: string): LogFile[] {
  return [
    ...componentLogs(host, join(hostDir, 'var/log')),
    ...podLogs(host, join(hostDir, 'var/log/pods')),
  ]
}

function componentLogs(host: string, dir: string): LogFile[] {
  if (!existsSync(dir)) return []
  return readdirSync(dir)
    .filter((name) => name.endsWith('.log'))
    .map((name) => ({ host, component: basename(name, '.log'), path: join(dir, name), cri: false }))
}

/** The newest log of each container: <namespace>_<pod>_<uid>/<container>/<n>.log. */
function podLogs(host: string, dir: string): LogFile[] {
  if (!existsSync(dir)) return []
  return readdirSync(dir).flatMap((pod) =>
    readdirSync(join(dir, pod)).flatMap((container) => {
      const folder = join(dir, pod, container)
      const newest = readdirSync(folder)
        .filter((name) => /^\d+\.log$/.test(name))
        .sort((a, b) => Number.parseInt(a) - Number.parseInt(b))
        .at(-1)
      if (newest === undefined) return []
      return [{ host, component: container, path: join(folder, newest), cri: true }]
    }),
  )
}

function show(file: LogFile, prefixed: boolean, tail: number | undefined, follow: boolean): void {
  let shown = 0
  const printNew = (last?: number): void => {
    const text = readFileSync(file.path, 'utf8').slice(shown)
    const end = text.lastIndexOf('\n') + 1
    if (end === 0) return
    shown += end
    const lines = text.slice(0, end - 1).split('\n')
    for (const line of last === undefined ? lines : lines.slice(-last)) {
      print(`${prefixed ? `${file.host}: ` : ''}${file.cri ? criText(line) : line}\n`)
    }
  }
  printNew(tail)
  if (!follow) return
  watch(file.path, () => {
    if (statSync(file.path).size < shown) shown = 0
    printNew()
  })
}

/** `2026-11-21T10:00:00.000000000Z stdout F text` */
function criText(line: string): string {
  return line.split(' ').slice(3).join(' ')
}
