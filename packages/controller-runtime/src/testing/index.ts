/** For tests of controllers and of the scheduler: a clock that stands still, and objects without JSON walls. */
export { deployment, meta, node, pod, replicaSet, service } from './builders.ts'
export { eventually } from './eventually.ts'
export { ManualClock } from './manual-clock.ts'
