/**
 * The container runtime of an emulated node: a CRI v1 server whose containers are processes of this machine. The
 * counterpart of containerd with its CRI plugin. Servers are reached by their wire protocol: other packages import
 * only `@kemu/container-runtime/client`.
 */
export { startContainerRuntime } from './server.ts'
export type { ContainerRuntimeOptions, RunningContainerRuntime } from './server.ts'
export type { ContainerHandler } from './handler/handler.ts'
