/**
 * What kubeadm does, phase by phase: certificates, kubeconfigs, static pods, uploaded configuration, tokens, addons,
 * joining. Files are written into host directories; the cluster is spoken to through its public API.
 */
export { BadToken, createToken, formatToken, parseToken } from './bootstrap-token.ts'
export type { BootstrapToken } from './bootstrap-token.ts'
export {
  apiPort,
  controlPlaneEndpoint,
  controlPlaneName,
  grpcPort,
  kubernetesVersion,
} from './cluster-spec.ts'
export { podNetworkManifest } from './addons/pod-network.ts'
export type { ClusterSpec, ExtraArgs, HostSpec, PodNetworkChoice } from './cluster-spec.ts'
export { applied, asApplied, createMissing, enforce } from './apply-object.ts'
export type { Applied } from './apply-object.ts'
export { discover, DiscoveryError } from './discovery.ts'
export { finishControlPlane } from './finish.ts'
export { forgetMembership, prepareJoin, readJoinedCluster, standingMembership } from './join.ts'
export type { JoinedCluster } from './join.ts'
export { HostFiles } from './host-files.ts'
export { tokenLifetimeMs, tokenSecret } from './phases/bootstrap-token.ts'
export { prepareAuthorities } from './phases/certs.ts'
export type { ClusterAuthorities } from './phases/certs.ts'
export { writeHostsFile } from './phases/names.ts'
export { markControlPlane } from './phases/mark-control-plane.ts'
export { prepareControlPlane, prepareWithAuthorities, prepareWorker } from './prepare.ts'
