import { configMaps } from '@kemu/api'
import { formatYaml } from '@kemu/api/yaml'
import type { ClusterSpec } from '../cluster-spec.ts'
import { apiPort, controlPlaneName, kubernetesVersion } from '../cluster-spec.ts'
import { applied } from '../apply-object.ts'
import type { Applied } from '../apply-object.ts'
import { readConfigMap } from './rbac.ts'
import { kubeletConfiguration } from './kubelet-start.ts'

/** Phase upload-config: the ConfigMaps that a joining host reads, and who may read them. */
export function uploadedConfig(spec: ClusterSpec): Applied[] {
  const kubeadmConfig = { ClusterConfiguration: formatYaml(clusterConfiguration(spec)) }
  const kubeletConfig = { kubelet: formatYaml(kubeletConfiguration(spec)) }
  return [
    configMap('kubeadm-config', kubeadmConfig),
    ...readConfigMap('kubeadm:nodes-kubeadm-config', 'kubeadm-config'),
    configMap('kubelet-config', kubeletConfig),
    ...readConfigMap('kubeadm:kubelet-config', 'kubelet-config'),
  ]
}

function configMap(name: string, data: Record<string, string>): Applied {
  return applied(configMaps, { metadata: { name, namespace: 'kube-system' }, data })
}

function clusterConfiguration(spec: ClusterSpec): Record<string, unknown> {
  return {
    apiVersion: 'kubeadm.k8s.io/v1beta4',
    kind: 'ClusterConfiguration',
    apiServer: { certSANs: [...spec.extraSans] },
    caCertificateValidityPeriod: '87600h0m0s',
    certificateValidityPeriod: '8760h0m0s',
    certificatesDir: '/etc/kubernetes/pki',
    clusterName: spec.name,
    controlPlaneEndpoint: `${controlPlaneName}:${apiPort}`,
    encryptionAlgorithm: 'ECDSA-P256',
    etcd: { local: { dataDir: '/var/lib/etcd' } },
    imageRepository: 'registry.k8s.io',
    kubernetesVersion,
    networking: {
      dnsDomain: spec.dnsDomain,
      podSubnet: spec.plan.podCidr,
      serviceSubnet: spec.plan.serviceCidr,
    },
  }
}
