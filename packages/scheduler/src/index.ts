/**
 * The scheduler: decides on which node each pod runs. A queue of pods, an immutable snapshot of nodes, plugins that
 * filter and score, an assumption in the cache, and a binding that is written without waiting. Upstream counterpart:
 * kube-scheduler and its scheduling framework.
 */
export { findNode, feasibleEnough } from './find-node.ts'
export type { Decision, SearchOptions } from './find-node.ts'
export { fitMessage } from './framework/fit-error.ts'
export type * from './framework/interface.ts'
export type { Profile } from './framework/profile.ts'
export { defaultProfile } from './plugins/registry.ts'
export { Scheduler } from './scheduler.ts'
export type { SchedulerConfig, SchedulerDeps } from './scheduler.ts'
