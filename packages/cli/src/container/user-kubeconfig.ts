import { chownSync, existsSync, renameSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { controlPlaneEndpoint, HostFiles } from '@kemu/kubeadm'
import { hostDir } from './container-spec.ts'

/**
 * Leaves a kubeconfig on the person's machine, in a directory of theirs: admin.conf with the address at which that
 * machine reaches the API server. It belongs to whom the directory belongs to. Without the directory there is nothing
 * to do.
 */
export function leaveKubeconfig(dir: string, apiAddress: string): void {
  if (!existsSync(dir)) return
  const text = new HostFiles(hostDir)
    .read('/etc/kubernetes/admin.conf')!
    .replaceAll(controlPlaneEndpoint, `https://${apiAddress}`)
    // The gRPC port is not published.
    .replace(/ +extensions:\n +- name: kemu.io\/grpc\n +extension:\n +address: .*\n/, '')
  const { uid, gid } = statSync(dir)
  const draft = join(dir, `.config.${process.pid}`)
  writeFileSync(draft, text, { mode: 0o600 })
  chownSync(draft, uid, gid)
  renameSync(draft, join(dir, 'config'))
}
