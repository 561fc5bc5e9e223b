import type { ClusterSpec, HostSpec } from '../cluster-spec.ts'
import { apiPort, grpcPort, kubernetesVersion } from '../cluster-spec.ts'
import { pkiDir } from '../phases/certs.ts'
import { etcdClientUrls } from './etcd.ts'
import { ownAddress, writeStaticPod } from './static-pod.ts'
import type { HostMount } from './static-pod.ts'

const certs: HostMount = {
  name: 'k8s-certs',
  path: pkiDir,
  type: 'DirectoryOrCreate',
  readOnly: true,
}

function kubeconfigMount(file: string): HostMount {
  return {
    name: 'kubeconfig',
    path: `/etc/kubernetes/${file}`,
    type: 'FileOrCreate',
    readOnly: true,
  }
}

function image(component: string): string {
  return `registry.k8s.io/${component}:${kubernetesVersion}`
}

/** Phase control-plane: the manifests of API server, controller manager and scheduler. */
export function writeControlPlaneManifests(spec: ClusterSpec, host: HostSpec): void {
  writeApiServer(spec, host)
  writeControllerManager(spec, host)
  writeScheduler(spec, host)
}

function writeApiServer(spec: ClusterSpec, host: HostSpec): void {
  const { address } = host
  writeStaticPod(spec, host, {
    component: 'kube-apiserver',
    image: image('kube-apiserver'),
    annotations: {
      'kubeadm.kubernetes.io/kube-apiserver.advertise-address.endpoint': `${address}:${apiPort}`,
    },
    flags: {
      'advertise-address': address,
      'allow-privileged': 'true',
      'authorization-mode': 'Node,RBAC',
      'client-ca-file': `${pkiDir}/ca.crt`,
      'enable-admission-plugins': 'NodeRestriction',
      'enable-bootstrap-token-auth': 'true',
      'etcd-cafile': `${pkiDir}/etcd/ca.crt`,
      'etcd-certfile': `${pkiDir}/apiserver-etcd-client.crt`,
      'etcd-keyfile': `${pkiDir}/apiserver-etcd-client.key`,
      'etcd-servers': etcdClientUrls(spec).join(','),
      'grpc-secure-port': String(grpcPort),
      'kubelet-client-certificate': `${pkiDir}/apiserver-kubelet-client.crt`,
      'kubelet-client-key': `${pkiDir}/apiserver-kubelet-client.key`,
      'kubelet-preferred-address-types': 'InternalIP,ExternalIP,Hostname',
      'proxy-client-cert-file': `${pkiDir}/front-proxy-client.crt`,
      'proxy-client-key-file': `${pkiDir}/front-proxy-client.key`,
      'requestheader-allowed-names': 'front-proxy-client',
      'requestheader-client-ca-file': `${pkiDir}/front-proxy-ca.crt`,
      'requestheader-extra-headers-prefix': 'X-Remote-Extra-',
      'requestheader-group-headers': 'X-Remote-Group',
      'requestheader-username-headers': 'X-Remote-User',
      'secure-port': String(apiPort),
      'service-account-issuer': `https://kubernetes.default.svc.${spec.dnsDomain}`,
      'service-account-key-file': `${pkiDir}/sa.pub`,
      'service-account-signing-key-file': `${pkiDir}/sa.key`,
      'service-cluster-ip-range': spec.plan.serviceCidr,
      'tls-cert-file': `${pkiDir}/apiserver.crt`,
      'tls-private-key-file': `${pkiDir}/apiserver.key`,
      ...loopbackFlags(spec, host),
    },
    mounts: [certs],
    health: {
      host: address,
      port: apiPort,
      scheme: 'HTTPS',
      livePath: '/livez',
      readyPath: '/readyz',
      startupPath: '/livez',
    },
    requests: { cpu: '250m' },
  })
}

/** On loopback every host listens on its own address only, and pods may have loopback addresses. */
function loopbackFlags(spec: ClusterSpec, host: HostSpec): Record<string, string> {
  if (spec.plan.driver !== 'loopback') return {}
  const block = spec.plan.nodeCidr.split('.').slice(0, 2).join('.')
  return { 'bind-address': host.address, 'pod-loopback-range': `${block}.0.0/16` }
}

function writeControllerManager(spec: ClusterSpec, host: HostSpec): void {
  const kubeconfig = '/etc/kubernetes/controller-manager.conf'
  writeStaticPod(spec, host, {
    component: 'kube-controller-manager',
    image: image('kube-controller-manager'),
    flags: {
      'allocate-node-cidrs': 'true',
      'authentication-kubeconfig': kubeconfig,
      'authorization-kubeconfig': kubeconfig,
      'bind-address': ownAddress(spec, host),
      'client-ca-file': `${pkiDir}/ca.crt`,
      'cluster-cidr': spec.plan.podCidr,
      'cluster-name': spec.name,
      'cluster-signing-cert-file': `${pkiDir}/ca.crt`,
      'cluster-signing-key-file': `${pkiDir}/ca.key`,
      controllers: '*,bootstrapsigner,tokencleaner',
      kubeconfig,
      'leader-elect': 'true',
      'requestheader-client-ca-file': `${pkiDir}/front-proxy-ca.crt`,
      'root-ca-file': `${pkiDir}/ca.crt`,
      'service-account-private-key-file': `${pkiDir}/sa.key`,
      'service-cluster-ip-range': spec.plan.serviceCidr,
      'use-service-account-credentials': 'true',
    },
    mounts: [certs, kubeconfigMount('controller-manager.conf')],
    health: {
      host: ownAddress(spec, host),
      port: 10257,
      scheme: 'HTTPS',
      livePath: '/healthz',
      startupPath: '/healthz',
    },
    requests: { cpu: '200m' },
  })
}

function writeScheduler(spec: ClusterSpec, host: HostSpec): void {
  const kubeconfig = '/etc/kubernetes/scheduler.conf'
  writeStaticPod(spec, host, {
    component: 'kube-scheduler',
    image: image('kube-scheduler'),
    flags: {
      'authentication-kubeconfig': kubeconfig,
      'authorization-kubeconfig': kubeconfig,
      'bind-address': ownAddress(spec, host),
      kubeconfig,
      'leader-elect': 'true',
    },
    mounts: [kubeconfigMount('scheduler.conf')],
    health: {
      host: ownAddress(spec, host),
      port: 10259,
      scheme: 'HTTPS',
      livePath: '/livez',
      readyPath: '/readyz',
      startupPath: '/livez',
    },
    requests: { cpu: '100m' },
  })
}
