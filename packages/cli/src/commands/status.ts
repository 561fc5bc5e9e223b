import { existsSync, readFileSync } from 'node:fs'
import { descendants, HostControl, hostProcess, identify, places } from '@kemu/host'
import type { HostConfig, ProcessIdentity } from '@kemu/host'
import { sleep, systemClock } from '@kemu/base'
import { nodes } from '@kemu/api'
import { ClusterDirectory } from '../cluster/cluster-directory.ts'
import type { ClusterRecord, HostRecord } from '../cluster/cluster-record.ts'
import { adminClient } from '../cluster/cluster-access.ts'
import { isNodeReady } from '../cluster/wait.ts'
import { thisHost } from '../cluster/this-host.ts'
import { CliError } from '../cli-error.ts'
import { print } from '../output/print.ts'
import { formatTable } from '../output/table.ts'
import { typed } from '../output/typed.ts'

const askMs = 2000

/** `kemu status`: hosts, processes, pids, addresses, health. Exit code 3 when a host is down or a node not Ready. */
export async function status(options: { readonly name: string }): Promise<void> {
  const directory = new ClusterDirectory(options.name)
  const here = directory.exists() ? undefined : thisHost()
  return here ? statusOfThisHost(here) : statusOfCluster(directory)
}

/** On a machine that is a host itself: its processes. What its node is worth, the API server says. */
async function statusOfThisHost(here: HostConfig): Promise<void> {
  const control = HostControl.at(places.controlSocket)
  try {
    const { pid, address } = await control.status(askMs)
    const role = existsSync('/etc/kubernetes/admin.conf') ? 'control-plane' : 'worker'
    const host = { name: here.name, address, role } as const
    const supervisor = await describeSupervisor(control)
    print(
      formatTable(
        ['HOST', 'ROLE', 'ADDRESS', 'PID', 'SUPERVISOR'],
        [[host.name, host.role, host.address, pid, supervisor]],
      ),
    )
    const rows = componentRows(host, identify(Number(pid))!)
    print(`\n${formatTable(['HOST', 'COMPONENT', 'PID', 'RSS', 'COMMAND'], rows)}`)
  } catch {
    throw new CliError(`the supervisor of host "${here.name}" does not answer`, 'state')
  } finally {
    control.close()
  }
}

async function statusOfCluster(directory: ClusterDirectory): Promise<void> {
  const record = directory.read()
  const ready = record.joined ? undefined : await readyNodes(record, directory)
  const hosts = await Promise.all(
    record.hosts.map(async (host) => ({
      host,
      process: hostProcess(directory.host(host.name)),
      supervisor: await askSupervisor(directory.host(host.name)),
    })),
  )
  print(
    formatTable(
      ['HOST', 'ROLE', 'ADDRESS', 'PID', 'SUPERVISOR', 'NODE'],
      hosts.map(({ host, process, supervisor }) => [
        host.name,
        host.role,
        host.address,
        process ? String(process.pid) : '-',
        process ? supervisor : 'down',
        ready === undefined ? 'Unknown' : ready.has(host.name) ? 'Ready' : 'NotReady',
      ]),
    ),
  )
  const rows = hosts.flatMap(({ host, process }) => (process ? componentRows(host, process) : []))
  if (rows.length > 0) {
    print(`\n${formatTable(['HOST', 'COMPONENT', 'PID', 'RSS', 'COMMAND'], rows)}`)
  }
  print(`\nAPI server: https://${record.apiAddress} (${ready ? 'answers' : 'does not answer'})\n`)
  const unwell = hosts.filter(
    ({ host, process }) => !process || (!record.joined && ready?.has(host.name) !== true),
  )
  if (unwell.length > 0) {
    const names = unwell.map(({ host }) => host.name).join(', ')
    throw new CliError(
      `not well: ${names}; start what is down with: ${typed('up', record.name)}`,
      'state',
    )
  }
}

/** Names of the nodes that are Ready; undefined when nobody answers. */
async function readyNodes(
  record: ClusterRecord,
  directory: ClusterDirectory,
): Promise<Set<string> | undefined> {
  const client = adminClient(record, directory)
  const answered = new AbortController()
  const limit = sleep(systemClock, askMs, answered.signal).then(() => undefined)
  const asked = client
    .resource(nodes)
    .list()
    .then((list) => new Set(list.items.filter(isNodeReady).map((node) => node.metadata.name)))
    .catch(() => undefined)
  try {
    return await Promise.race([asked, limit])
  } finally {
    answered.abort()
    client.close()
  }
}

async function askSupervisor(hostDir: string): Promise<string> {
  const control = new HostControl(hostDir)
  try {
    return await describeSupervisor(control)
  } catch {
    return 'silent'
  } finally {
    control.close()
  }
}

async function describeSupervisor(control: HostControl): Promise<string> {
  const { processes } = await control.status(askMs)
  const restarts = processes.map((p) => Number(p.restarts)).reduce((a, b) => a + b, 0)
  const down = processes.filter((p) => p.state !== 'running').map((p) => p.component)
  if (down.length > 0) return `starting ${down.join(', ')}`
  return restarts === 0 ? 'ok' : `ok (${restarts} restarts)`
}

/** Every kemu process below the host's first one, by what its command line says. */
function componentRows(host: HostRecord, process: ProcessIdentity): string[][] {
  return descendants(process.pid).flatMap((pid) => {
    const words = commandLine(pid)
    const at = words.findIndex((word) => word.endsWith('kemu.cjs') || word.endsWith('.cjs'))
    if (at < 0 || !words[0]!.endsWith('node')) return []
    const isKemu = words[at]!.endsWith('kemu.cjs')
    const file = words[at]!.slice(words[at]!.lastIndexOf('/') + 1)
    const component = isKemu ? (words[at + 1] ?? 'kemu') : file.replace(/\.cjs$/, '')
    const command = [component, ...words.slice(at + (isKemu ? 2 : 1))].join(' ')
    const short = command.length > 60 ? `${command.slice(0, 57)}...` : command
    return [[host.name, component, String(pid), `${residentMb(pid)} MB`, short]]
  })
}

function commandLine(pid: number): string[] {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0').slice(0, -1)
  } catch {
    return ['']
  }
}

function residentMb(pid: number): number {
  try {
    const line = /^VmRSS:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, 'latin1'))
    return Math.round(Number(line?.[1] ?? 0) / 1024)
  } catch {
    return 0
  }
}
