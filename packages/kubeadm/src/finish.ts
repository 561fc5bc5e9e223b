import type { Client } from '@kemu/client'
import { coreDns } from './addons/coredns.ts'
import { kubeProxy } from './addons/kube-proxy.ts'
import { podNetwork } from './addons/pod-network.ts'
import { createMissing, enforce } from './apply-object.ts'
import type { BootstrapToken } from './bootstrap-token.ts'
import type { ClusterSpec } from './cluster-spec.ts'
import { administrators, bootstrapAccess, tokenSecret } from './phases/bootstrap-token.ts'
import { uploadedConfig } from './phases/upload-config.ts'

/**
 * The rest of `kubeadm init`, once the API server answers; `client` is super-admin. It may be run again. A token without
 * expiry is one that never ends.
 */
export async function finishControlPlane(
  client: Client,
  spec: ClusterSpec,
  ca: string,
  token: BootstrapToken,
  tokenExpiresMs: number | undefined,
): Promise<void> {
  await Promise.all([
    createMissing(client, [...administrators(), ...bootstrapAccess(ca)]),
    enforce(client, [tokenSecret(token, tokenExpiresMs)]),
    enforce(client, uploadedConfig(spec)),
    createMissing(client, [...kubeProxy(spec), ...coreDns(spec)]),
    installPodNetwork(client, spec),
  ])
}

/** What kubeadm leaves to the person, and `kemu up` does unless told not to: `kubectl apply -f pod-network.yaml`. */
async function installPodNetwork(client: Client, spec: ClusterSpec): Promise<void> {
  for (const batch of podNetwork(spec)) await createMissing(client, batch)
}
