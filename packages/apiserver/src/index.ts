/**
 * kube-apiserver: REST and gRPC fronts over one list of stages, one registry for every kind, a
 * watch cache over etcd.
 */
export { MemoryStore } from './store/memory-store.ts'
