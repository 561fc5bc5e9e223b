import { chmodSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import type { DNSConfig } from '@kemu/rpc/cri'
import type { SandboxRecord } from '../store/records.ts'

/** What a pod's containers share as files, below the sandbox's directory. */
export interface SandboxFiles {
  readonly hosts: string
  readonly hostname: string
  readonly resolvConf: string
  /** POSIX shared memory of the pod: on disk, so that a host that dies leaves nothing in the machine's memory. */
  readonly shm: string
}

export function sandboxFiles(dir: string, hostIpc: boolean): SandboxFiles {
  return {
    hosts: join(dir, 'hosts'),
    hostname: join(dir, 'hostname'),
    resolvConf: join(dir, 'resolv.conf'),
    shm: hostIpc ? '/dev/shm' : join(dir, 'shm'),
  }
}

/** Writes them: hosts and resolv.conf are the node's unless the pod has a DNS configuration (as containerd). */
export function writeSandboxFiles(
  files: SandboxFiles,
  sandbox: SandboxRecord,
  hostname: string,
  nodeHosts: string,
): void {
  mkdirSync(dirname(files.hosts), { recursive: true })
  writeFileSync(files.hostname, `${hostname}\n`)
  writeFileSync(files.hosts, readIfThere(nodeHosts))
  const dns = sandbox.config.dnsConfig
  writeFileSync(files.resolvConf, dns ? formatResolvConf(dns) : readIfThere('/etc/resolv.conf'))
  if (existsSync(files.shm)) return
  mkdirSync(files.shm)
  chmodSync(files.shm, 0o1777)
}

function formatResolvConf({ servers, searches, options }: DNSConfig): string {
  const lines = [
    ...(searches.length > 0 ? [`search ${searches.join(' ')}`] : []),
    ...servers.map((server) => `nameserver ${server}`),
    ...(options.length > 0 ? [`options ${options.join(' ')}`] : []),
  ]
  return lines.map((line) => `${line}\n`).join('')
}

function readIfThere(path: string): string {
  return existsSync(path) ? readFileSync(path, 'utf8') : ''
}
