/** For tests of controllers and of the scheduler: objects without JSON walls. */
export { deployment, meta, node, pod, replicaSet, service } from './builders.ts'
export { eventually } from './eventually.ts'
