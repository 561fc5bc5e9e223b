import type { ClusterSpec, HostSpec } from '../cluster-spec.ts'
import { controlPlaneName } from '../cluster-spec.ts'
import { HostFiles } from '../host-files.ts'

/**
 * Writes a host's hosts file: where the control plane and the members of etcd are today. Everything else dials by these
 * names, so that new addresses need no new certificates and no new kubeconfigs.
 */
export function writeNames(spec: ClusterSpec, host: HostSpec): void {
  const members = [...spec.controlPlane, ...spec.etcdMembers]
  writeHostsFile(host, [
    ...members,
    ...spec.controlPlane.map(({ address }) => ({ address, name: controlPlaneName })),
  ])
}

/** A host's hosts file: itself, and those it has to know. */
export function writeHostsFile(
  host: HostSpec,
  others: readonly Pick<HostSpec, 'address' | 'name'>[],
): void {
  const named = new Map<string, Set<string>>()
  const add = (address: string, name: string): void => {
    named.set(address, (named.get(address) ?? new Set()).add(name))
  }
  add('127.0.0.1', 'localhost')
  add('::1', 'localhost')
  add(host.address, host.name)
  for (const { address, name } of others) add(address, name)
  const lines = [...named].map(([address, names]) => `${address}\t${[...names].join(' ')}\n`)
  new HostFiles(host.dir).write('/etc/hosts', lines.join(''))
}
