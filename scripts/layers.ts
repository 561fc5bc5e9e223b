// The table of layers (ARCHITECTURE.md shows it to people): a package imports from lower layers only, and a server is
// reached through its `./client` door.
export const layers: Record<string, number> = {
  base: 0,
  api: 1,
  pki: 1,
  raft: 1,
  network: 1,
  rpc: 1,
  streaming: 1,
  etcd: 2,
  client: 2,
  'container-runtime': 2,
  // of the logs add-on; nothing of the core imports it
  'log-store': 2,
  apiserver: 3,
  'controller-runtime': 3,
  // enforced by the process that serves the pod network, layer 4
  'network-policy': 3,
  scheduler: 4,
  'controller-manager': 4,
  kubelet: 4,
  'kube-proxy': 4,
  'pod-network': 4,
  dns: 4,
  'log-collector': 4,
  host: 5,
  kubeadm: 5,
  cli: 6,
}

/** Servers: other packages may import only these doors of theirs; without one, only speak to them. */
export const doors: Record<string, readonly string[]> = {
  etcd: ['@kemu/etcd/client'],
  'container-runtime': ['@kemu/container-runtime/client'],
  apiserver: [],
}

/** Arrows within one layer that stand on purpose; each needs its reason here. */
export const sideways: Record<string, readonly string[]> = {
  // proto messages are carried, not interpreted: rpc is the floor of every server and client
  etcd: ['raft'],
  kubeadm: ['host'],
}
