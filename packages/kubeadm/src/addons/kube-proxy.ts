import { configMaps, daemonSets, serviceAccounts } from '@kemu/api'
import type { Container, Volume } from '@kemu/api'
import { formatYaml } from '@kemu/api/yaml'
import { applied } from '../apply-object.ts'
import type { Applied } from '../apply-object.ts'
import type { ClusterSpec } from '../cluster-spec.ts'
import { controlPlaneEndpoint, grpcEndpoint, kubernetesVersion } from '../cluster-spec.ts'
import {
  bootstrappers,
  clusterBinding,
  group,
  roleWithBinding,
  serviceAccount,
} from '../phases/rbac.ts'

const namespace = 'kube-system'
const labels = { 'k8s-app': 'kube-proxy' }
const gatewayDir = '/run/kemu-gateway'
const accountDir = '/var/run/secrets/kubernetes.io/serviceaccount'

/** kube-proxy as kubeadm installs it: a DaemonSet that tolerates everything. */
export function kubeProxy(spec: ClusterSpec): Applied[] {
  return [
    applied(configMaps, {
      metadata: { name: 'kube-proxy', namespace, labels: { app: 'kube-proxy' } },
      data: {
        'config.conf': formatYaml(configuration(spec)),
        'kubeconfig.conf': formatYaml(kubeconfig()),
      },
    }),
    applied(serviceAccounts, { metadata: { name: 'kube-proxy', namespace } }),
    clusterBinding('kubeadm:node-proxier', 'system:node-proxier', serviceAccount('kube-proxy')),
    ...roleWithBinding(
      'kube-proxy',
      namespace,
      [
        {
          apiGroups: [''],
          resources: ['configmaps'],
          resourceNames: ['kube-proxy'],
          verbs: ['get'],
        },
      ],
      group(bootstrappers),
    ),
    applied(daemonSets, {
      metadata: { name: 'kube-proxy', namespace, labels },
      spec: {
        selector: { matchLabels: labels },
        updateStrategy: { type: 'RollingUpdate' },
        template: {
          metadata: { labels },
          spec: {
            containers: [container(spec)],
            hostNetwork: true,
            nodeSelector: { 'kubernetes.io/os': 'linux' },
            priorityClassName: 'system-node-critical',
            serviceAccountName: 'kube-proxy',
            tolerations: [{ operator: 'Exists' }],
            volumes: [{ name: 'kube-proxy', configMap: { name: 'kube-proxy' } }, ...gateway(spec)],
          },
        },
      },
    }),
  ]
}

function configuration(spec: ClusterSpec): Record<string, unknown> {
  return {
    apiVersion: 'kubeproxy.config.k8s.io/v1alpha1',
    kind: 'KubeProxyConfiguration',
    bindAddress: '0.0.0.0',
    clientConnection: { kubeconfig: '/var/lib/kube-proxy/kubeconfig.conf' },
    clusterCIDR: spec.plan.podCidr,
    mode: spec.plan.driver === 'loopback' ? 'kemu-loopback' : spec.proxyMode,
  }
}

function kubeconfig(): Record<string, unknown> {
  return {
    apiVersion: 'v1',
    kind: 'Config',
    clusters: [
      {
        name: 'default',
        cluster: {
          'certificate-authority': `${accountDir}/ca.crt`,
          server: controlPlaneEndpoint,
          extensions: [{ name: 'kemu.io/grpc', extension: { address: grpcEndpoint } }],
        },
      },
    ],
    contexts: [
      { name: 'default', context: { cluster: 'default', namespace: 'default', user: 'default' } },
    ],
    'current-context': 'default',
    users: [{ name: 'default', user: { tokenFile: `${accountDir}/token` } }],
  }
}

function container(spec: ClusterSpec): Container {
  return {
    name: 'kube-proxy',
    image: `registry.k8s.io/kube-proxy:${kubernetesVersion}`,
    imagePullPolicy: 'IfNotPresent',
    command: [
      '/usr/local/bin/kube-proxy',
      '--config=/var/lib/kube-proxy/config.conf',
      '--hostname-override=$(NODE_NAME)',
    ],
    env: [{ name: 'NODE_NAME', valueFrom: { fieldRef: { fieldPath: 'spec.nodeName' } } }],
    securityContext: { privileged: true },
    volumeMounts: [
      { mountPath: '/var/lib/kube-proxy', name: 'kube-proxy' },
      ...gateway(spec).map(({ name }) => ({ mountPath: gatewayDir, name })),
    ],
  }
}

/** The gateway to the person's machine. On loopback there is none: all addresses are the machine's own. */
function gateway(spec: ClusterSpec): Volume[] {
  if (spec.plan.driver === 'loopback') return []
  return [{ name: 'kemu-gateway', hostPath: { path: gatewayDir, type: 'DirectoryOrCreate' } }]
}
