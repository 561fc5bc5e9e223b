import { writeFileSync } from 'node:fs'
import { Client, openRest, parseKubeconfig } from '@kemu/client'
import { controlPlaneEndpoint, HostFiles } from '@kemu/kubeadm'
import { CliError } from '../cli-error.ts'
import type { ClusterDirectory } from './cluster-directory.ts'
import type { ClusterRecord } from './cluster-record.ts'

/** One of kubeadm's kubeconfigs with the addresses that this machine's shell has to use. */
function reachable(record: ClusterRecord, directory: ClusterDirectory, file: string): string {
  if (record.joined) {
    throw new CliError(
      `the control plane of cluster "${record.name}" is not on this machine`,
      'state',
    )
  }
  const master = record.hosts[0]!.name
  const text = new HostFiles(directory.host(master)).read(`/etc/kubernetes/${file}`)!
  return text
    .replaceAll(controlPlaneEndpoint, `https://${record.apiAddress}`)
    .replaceAll(/address: control-plane:\d+/g, `address: ${record.grpcAddress}`)
}

/** Writes the kubeconfig that people use. */
export function writeUserKubeconfig(record: ClusterRecord, directory: ClusterDirectory): void {
  writeFileSync(directory.kubeconfig, reachable(record, directory, 'admin.conf'), { mode: 0o600 })
}

/** A kubeconfig with all rights. */
export function adminKubeconfig(record: ClusterRecord, directory: ClusterDirectory): string {
  return reachable(record, directory, 'super-admin.conf')
}

/** A client with all rights, over REST: short-lived commands need not load gRPC. */
export function adminClient(record: ClusterRecord, directory: ClusterDirectory): Client {
  const access = parseKubeconfig(adminKubeconfig(record, directory), '/')
  return new Client(openRest(access, 'kemu'))
}
