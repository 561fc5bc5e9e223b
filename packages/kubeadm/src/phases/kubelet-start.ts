import { dnsAddress } from '@kemu/network'
import { formatKubeconfig } from '@kemu/pki'
import { formatYaml, parseYaml } from '@kemu/api/yaml'
import { hostPaths } from '@kemu/host'
import type { BootstrapToken } from '../bootstrap-token.ts'
import { formatToken } from '../bootstrap-token.ts'
import type { ClusterSpec, HostSpec } from '../cluster-spec.ts'
import { controlPlaneEndpoint, grpcEndpoint } from '../cluster-spec.ts'
import { HostFiles } from '../host-files.ts'
import { pkiDir } from './certs.ts'

/** What the cluster's kubelets have in common; it is uploaded as ConfigMap kubelet-config. */
export function kubeletConfiguration(spec: ClusterSpec): Record<string, unknown> {
  return {
    apiVersion: 'kubelet.config.k8s.io/v1beta1',
    kind: 'KubeletConfiguration',
    authentication: {
      anonymous: { enabled: false },
      webhook: { cacheTTL: '0s', enabled: true },
      x509: { clientCAFile: `${pkiDir}/ca.crt` },
    },
    authorization: {
      mode: 'Webhook',
      webhook: { cacheAuthorizedTTL: '0s', cacheUnauthorizedTTL: '0s' },
    },
    cgroupDriver: 'systemd',
    clusterDNS: [dnsAddress(spec.plan)],
    clusterDomain: spec.dnsDomain,
    healthzBindAddress: '127.0.0.1',
    healthzPort: 10248,
    rotateCertificates: true,
    staticPodPath: '/etc/kubernetes/manifests',
  }
}

/** Phase kubelet-start: the configuration with this host's paths and address. */
export function writeKubeletConfig(
  spec: Pick<ClusterSpec, 'isolation' | 'extraArgs'>,
  host: HostSpec,
  common: Readonly<Record<string, unknown>>,
): void {
  const { inside } = hostPaths(host.dir, spec.isolation)
  const authentication = common['authentication'] as Record<string, unknown>
  const config = {
    ...common,
    address: host.address,
    healthzBindAddress: host.address,
    authentication: { ...authentication, x509: { clientCAFile: inside(`${pkiDir}/ca.crt`) } },
    staticPodPath: inside('/etc/kubernetes/manifests'),
    ...kubeletFields(spec),
  }
  const files = new HostFiles(host.dir)
  files.write('/var/lib/kubelet/config.yaml', formatYaml(config))
  // Where kubeadm's own commands look for the container runtime when they run on this host.
  const instance = {
    apiVersion: 'kubelet.config.k8s.io/v1beta1',
    kind: 'KubeletConfiguration',
    containerRuntimeEndpoint: `unix://${inside('/run/cri.sock')}`,
  }
  files.write('/var/lib/kubelet/instance-config.yaml', formatYaml(instance))
}

/** Further fields of the configuration, as YAML would read their values. */
function kubeletFields(spec: Pick<ClusterSpec, 'extraArgs'>): Record<string, unknown> {
  const fields = Object.entries(spec.extraArgs['kubelet'] ?? {})
  return Object.fromEntries(fields.map(([name, text]) => [name, parseYaml(text)]))
}

/** What a host needs to ask for a certificate of its own: the cluster's CA and a token. */
export function writeBootstrapKubeconfig(
  spec: Pick<ClusterSpec, 'name'>,
  host: HostSpec,
  ca: string,
  token: BootstrapToken,
): void {
  const files = new HostFiles(host.dir)
  files.write(`${pkiDir}/ca.crt`, ca)
  if (files.has('/etc/kubernetes/kubelet.conf')) return
  const kubeconfig = formatKubeconfig({
    clusterName: spec.name,
    server: controlPlaneEndpoint,
    grpcAddress: grpcEndpoint,
    ca,
    userName: 'tls-bootstrap-token-user',
    credential: { form: 'token', token: formatToken(token) },
  })
  files.writeSecret('/etc/kubernetes/bootstrap-kubelet.conf', kubeconfig)
}
