import { configMaps, secrets } from '@kemu/api'
import type { BootstrapToken } from '../bootstrap-token.ts'
import { controlPlaneEndpoint, grpcEndpoint } from '../cluster-spec.ts'
import { applied } from '../apply-object.ts'
import type { Applied } from '../apply-object.ts'
import { bootstrappers, clusterBinding, clusterRole, group, roleWithBinding, user } from './rbac.ts'
import { formatKubeconfig } from '@kemu/pki'

/** kubeadm's default: a token is good for a day. */
export const tokenLifetimeMs = 24 * 3_600_000

/**
 * The Secret that makes a token known to the API server and to the signer of cluster-info. `expiresMs` is left out for a
 * token that never expires (kubeadm's --token-ttl 0).
 */
export function tokenSecret(
  token: BootstrapToken,
  expiresMs?: number,
  description?: string,
): Applied {
  const data: Record<string, string> = {
    'auth-extra-groups': bootstrappers,
    ...(expiresMs !== undefined && {
      expiration: new Date(expiresMs).toISOString().replace(/\.\d+Z$/, 'Z'),
    }),
    'token-id': token.id,
    'token-secret': token.secret,
    'usage-bootstrap-authentication': 'true',
    'usage-bootstrap-signing': 'true',
    ...(description !== undefined && { description }),
  }
  return applied(secrets, {
    metadata: { name: `bootstrap-token-${token.id}`, namespace: 'kube-system' },
    type: 'bootstrap.kubernetes.io/token',
    data: Object.fromEntries(
      Object.entries(data).map(([key, value]) => [key, Buffer.from(value).toString('base64')]),
    ),
  })
}

/** Phase bootstrap-token: what a token may do, and what an unknown host may read before it has one. */
export function bootstrapAccess(ca: string): Applied[] {
  const signingRequests = 'system:certificates.k8s.io:certificatesigningrequests'
  return [
    clusterRole('kubeadm:get-nodes', [{ apiGroups: [''], resources: ['nodes'], verbs: ['get'] }]),
    clusterBinding('kubeadm:get-nodes', 'kubeadm:get-nodes', group(bootstrappers)),
    clusterBinding('kubeadm:kubelet-bootstrap', 'system:node-bootstrapper', group(bootstrappers)),
    clusterBinding(
      'kubeadm:node-autoapprove-bootstrap',
      `${signingRequests}:nodeclient`,
      group(bootstrappers),
    ),
    clusterBinding(
      'kubeadm:node-autoapprove-certificate-rotation',
      `${signingRequests}:selfnodeclient`,
      group('system:nodes'),
    ),
    clusterBinding(
      'kubeadm:apiserver-kubelet-client',
      'system:kubelet-api-admin',
      user('kube-apiserver-kubelet-client'),
    ),
    ...clusterInfo(ca),
  ]
}

function clusterInfo(ca: string): Applied[] {
  const kubeconfig = formatKubeconfig({
    clusterName: '',
    server: controlPlaneEndpoint,
    grpcAddress: grpcEndpoint,
    ca,
    userName: '',
    credential: { form: 'none' },
  })
  return [
    applied(configMaps, {
      metadata: { name: 'cluster-info', namespace: 'kube-public' },
      data: { kubeconfig },
    }),
    ...roleWithBinding(
      'kubeadm:bootstrap-signer-clusterinfo',
      'kube-public',
      [
        {
          apiGroups: [''],
          resources: ['configmaps'],
          resourceNames: ['cluster-info'],
          verbs: ['get'],
        },
      ],
      user('system:anonymous'),
    ),
  ]
}

/** kubeadm's administrators: the group that admin.conf is in. */
export function administrators(): Applied[] {
  return [
    clusterBinding('kubeadm:cluster-admins', 'cluster-admin', group('kubeadm:cluster-admins')),
  ]
}
