/**
 * The reconcile pattern: queue -> reconcile(key) -> done, again later, or failed. Handlers of informers only enqueue
 * keys; a reconcile reads the world and makes it match. Also what every control-plane component shares: the secure port
 * with its health and metrics pages. Upstream counterparts: sigs.k8s.io/controller-runtime, ControllerExpectations.
 *
 * Left out on purpose: managers, webhooks, caches with transformers. A component wires its parts by hand.
 *
 * ```ts
 * const controller = new Controller(
 *   { name: 'replicaset', sources: [sets, pods], reconcile: async (key) => done },
 *   { clock, logger, metrics },
 * )
 * controller.follow(sets)
 * await controller.start()
 * ```
 */
export { accessOf } from './component/access.ts'
export { componentFlags } from './component/component-flags.ts'
export type { ComponentFlags } from './component/component-flags.ts'
export { Leadership } from './component/leadership.ts'
export type { LeadershipDeps } from './component/leadership.ts'
export { Controller, OneQueueController } from './controller.ts'
export type { ControllerConfig, ControllerDeps, Runnable, Source } from './controller.ts'
export { DeletionExpectations, Expectations } from './expectations.ts'
export { done, requeueAfter, TerminalError } from './reconciler.ts'
export type { Reconcile, Result } from './reconciler.ts'
export { ComponentServer } from './serving/component-server.ts'
export type {
  ComponentServerConfig,
  ComponentServerDeps,
  HealthCheck,
  Page,
} from './serving/component-server.ts'
export { DelegatedAccess } from './serving/delegated-access.ts'
export type {
  Access,
  AccessRequest,
  DelegatedAccessDeps,
  Verdict,
} from './serving/delegated-access.ts'
export { namespaceTerminates } from './objects/namespace-state.ts'
export * from './objects/pod-state.ts'
export * from './objects/resource-amounts.ts'
export * from './objects/taints.ts'
