/**
 * The agent of a node: it takes pods from manifests and from the API, runs them through a container
 * runtime that it knows by CRI v1 only, probes them, and reports pods and node. Upstream
 * counterpart: kubelet.
 */
export { parseKubeletConfiguration } from './config/kubelet-configuration.ts'
export type { KubeletConfiguration } from './config/kubelet-configuration.ts'
export { connectCri } from './cri/cri.ts'
export type { Cri } from './cri/cri.ts'
export { Kubelet } from './kubelet.ts'
export type { KubeletDeps } from './kubelet-deps.ts'
export { startKubelet } from './server.ts'
