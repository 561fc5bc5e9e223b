/**
 * The controller manager: every controller of the control plane in one process, each a queue of keys and a reconcile
 * that plans and then writes. Upstream counterpart: kube-controller-manager.
 */
export { chooseControllers } from './choose-controllers.ts'
export type { ControllerDeps } from './controller-deps.ts'
export { controllers } from './registry.ts'
export type { ControllerEntry } from './registry.ts'
