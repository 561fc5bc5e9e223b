/**
 * A host: a directory (its /etc/kubernetes, /var/lib/kubelet, /var/lib/etcd, /var/log), an address, and a supervisor
 * process that plays init. Where the machine allows namespaces the directory is the root of the host's own file system
 * and the supervisor lives in a PID namespace; elsewhere the host is a plain tree of processes held by a lifeline.
 */
export { places } from './components.ts'
export { HostControl } from './control-client.ts'
export type { HostConfig } from './host-config.ts'
export { hostPaths, shortRunDir } from './host-paths.ts'
export type { HostPaths } from './host-paths.ts'
export { bootCommand, hostProcess, launchHost } from './launch.ts'
export type { LaunchDeps, LaunchSite } from './launch.ts'
export { descendants, identify, isAlive } from './process-table.ts'
export type { ProcessIdentity } from './process-table.ts'
export { stopHost } from './stop.ts'
