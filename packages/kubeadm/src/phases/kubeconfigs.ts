import { certificateLifetimeMs, formatKubeconfig } from '@kemu/pki'
import type { CertificateAuthority } from '@kemu/pki'
import type { ClusterSpec, HostSpec } from '../cluster-spec.ts'
import { controlPlaneEndpoint, grpcEndpoint } from '../cluster-spec.ts'
import { HostFiles } from '../host-files.ts'

interface ClientIdentity {
  readonly file: string
  readonly userName: string
  readonly commonName: string
  readonly organizations: readonly string[]
}

const controlPlaneIdentities: readonly ClientIdentity[] = [
  {
    file: 'admin.conf',
    userName: 'kubernetes-admin',
    commonName: 'kubernetes-admin',
    organizations: ['kubeadm:cluster-admins'],
  },
  {
    file: 'super-admin.conf',
    userName: 'kubernetes-super-admin',
    commonName: 'kubernetes-super-admin',
    organizations: ['system:masters'],
  },
  {
    file: 'controller-manager.conf',
    userName: 'system:kube-controller-manager',
    commonName: 'system:kube-controller-manager',
    organizations: [],
  },
  {
    file: 'scheduler.conf',
    userName: 'system:kube-scheduler',
    commonName: 'system:kube-scheduler',
    organizations: [],
  },
]

/** Phase kubeconfig: what stands is kept; it names the control plane, so it outlives a change of addresses. */
export async function prepareKubeconfigs(
  spec: ClusterSpec,
  host: HostSpec,
  ca: CertificateAuthority,
  nowMs: number,
): Promise<void> {
  const files = new HostFiles(host.dir)
  const kubelet: ClientIdentity = {
    file: 'kubelet.conf',
    userName: `system:node:${host.name}`,
    commonName: `system:node:${host.name}`,
    organizations: ['system:nodes'],
  }
  await Promise.all(
    [...controlPlaneIdentities, kubelet].map(async (identity) => {
      const path = `/etc/kubernetes/${identity.file}`
      if (files.has(path)) return
      files.writeSecret(path, await clientKubeconfig(spec, identity, ca, nowMs))
    }),
  )
}

async function clientKubeconfig(
  spec: ClusterSpec,
  identity: ClientIdentity,
  ca: CertificateAuthority,
  nowMs: number,
): Promise<string> {
  const issued = await ca.issue({
    commonName: identity.commonName,
    organizations: identity.organizations,
    usages: ['client auth'],
    notBeforeMs: nowMs - 60_000,
    notAfterMs: nowMs + certificateLifetimeMs,
  })
  return formatKubeconfig({
    clusterName: spec.name,
    server: controlPlaneEndpoint,
    grpcAddress: grpcEndpoint,
    ca: ca.certificate,
    userName: identity.userName,
    credential: { form: 'certificate', ...issued },
  })
}
