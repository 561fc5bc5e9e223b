/**
 * How components speak to an API server: a typed client over one transport seam (gRPC, REST, memory), and what
 * controllers build on it: reflector, informer, lister, work queue, leader election, event recorder.
 * Upstream counterpart: k8s.io/client-go.
 */
export { Client, ResourceClient } from './client.ts'
export { connectKubeconfig, openTransport } from './connect.ts'
export { openRest } from './connect-rest.ts'
export { ApiEventRecorder } from './event-recorder.ts'
export { SeriesEventRecorder } from './series-event-recorder.ts'
export type { ActionEvent, ActionEventRecorder, EventReporter } from './series-event-recorder.ts'
export type { EventRecorder, EventRecorderDeps, EventSource, EventType } from './event-recorder.ts'
export { GrpcTransport } from './grpc-transport.ts'
export type { GrpcConfig } from './grpc-transport.ts'
export { Informer } from './informer.ts'
export type { ChangeHandler, InformerOptions } from './informer.ts'
export { Informers } from './informers.ts'
export { grpcExtension, KubeconfigError, loadKubeconfig, parseKubeconfig } from './kubeconfig.ts'
export type { ClusterAccess } from './kubeconfig.ts'
export { LeaderElector } from './leader-election.ts'
export type { LeaderElectionConfig, LeaderElectionDeps } from './leader-election.ts'
export { Reflector } from './reflector.ts'
export type { ReflectorDeps, ReflectorSink, Selectors } from './reflector.ts'
export { RestTransport } from './rest-transport.ts'
export type { RestConfig } from './rest-transport.ts'
export { Store } from './store.ts'
export type { IndexFunction, Lister } from './store.ts'
export { ConnectionError } from './transport.ts'
export type {
  DeleteOptions,
  ListOptions,
  PatchOptions,
  PatchType,
  ResourcePath,
  Transport,
  WatchEvent,
  WatchOptions,
  WriteOptions,
} from './transport.ts'
export { WorkQueue } from './work-queue.ts'
export type { WorkQueueConfig } from './work-queue.ts'
