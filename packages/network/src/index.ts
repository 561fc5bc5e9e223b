/**
 * The network of an emulated cluster: what the machine allows, which addresses a cluster uses, the fabric its hosts
 * hang
 * on and the gateway to the person's shell; the pod side (pod/) and address arithmetic (address/).
 */
export {
  addressAt,
  apiServiceAddress,
  dnsAddress,
  loopbackPlan,
  netnsPlan,
  nodeAddress,
} from './fabric/address-plan.ts'
export type { AddressPlan } from './fabric/address-plan.ts'
export { detectCapabilities, userNamespaceFlags } from './fabric/capabilities.ts'
export type { Capabilities, Isolation, NetworkDriver } from './fabric/capabilities.ts'
export {
  claimLoopbackBlock,
  NoLoopbackBlock,
  occupiedBlocks,
  releaseLoopbackBlock,
} from './fabric/loopback-block.ts'
export { loopbackBlockWorks } from './fabric/loopback-check.ts'
export { hasSubordinateIds } from './fabric/subordinate-ids.ts'
export { startFabric, stopFabric } from './fabric/fabric.ts'
export type { FabricConfig } from './fabric/fabric.ts'
