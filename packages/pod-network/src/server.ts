import type { Clock, Closers, Logger, Random } from '@kemu/base'
import { nodes } from '@kemu/api'
import { Client, openRest, Reflector } from '@kemu/client'
import type { ClusterAccess } from '@kemu/client'
import { startNetworkPolicy } from '@kemu/network-policy'
import { placeFile } from './cni-file.ts'
import { KernelNetwork, runIproute } from './kernel-network.ts'
import { LinkWatch } from './link-watch.ts'
import type { NetConf } from './net-conf.ts'
import { PodNetwork } from './pod-network.ts'
import { whyNoPolicies } from './why-no-policies.ts'

export interface PodNetworkServerOptions {
  readonly nodeName: string
  readonly access: ClusterAccess
  readonly conf: NetConf
  readonly cniTemplate: string
  /** Where the runtime looks for the configuration: /etc/cni/net.d. */
  readonly cniConfDir: string
}

export interface PodNetworkServerDeps {
  readonly clock: Clock
  readonly random: Random
  readonly logger: Logger
  readonly closers: Closers
}

/** First in its directory by name, unless somebody wants to come before it. */
const configurationFile = '10-pod-network.conflist'

/** Builds the parts by hand. REST and one watch: this is one more process on every node, so it stays small. */
export function startPodNetwork(
  options: PodNetworkServerOptions,
  { clock, random, logger, closers }: PodNetworkServerDeps,
): void {
  const { nodeName, access, conf, cniTemplate, cniConfDir } = options
  const client = new Client(openRest(access, 'pod-network'))
  closers.defer(() => client.close())
  const links = closers.add(new LinkWatch({ clock, logger }, () => network.look()))
  let hasPolicies = false
  // After the first round, and not with it: a node waits for its routes to become Ready.
  const startPolicies = (address: string): void => {
    if (hasPolicies) return
    hasPolicies = true
    const impossible = whyNoPolicies(address, process.env)
    startNetworkPolicy({ nodeName, ...(impossible !== undefined && { impossible }) }, policyDeps)
  }
  const policyDeps = { client, clock, random, logger, closers }
  const network = new PodNetwork(
    { nodeName, conf, cniTemplate },
    {
      clock,
      random,
      logger,
      kernel: new KernelNetwork(runIproute),
      placeConfiguration: (text) => placeFile(cniConfDir, configurationFile, text),
      onLaid: ({ address }, { tunnel }, device) => {
        startPolicies(address)
        if (device === undefined) return
        links.watch({ devices: [device, ...(tunnel ? [tunnel.device] : [])], address })
      },
    },
  )
  closers.add(network)
  const deps = { clock, random, logger }
  const reflector = closers.add(new Reflector(client.resource(nodes), 'nodes', {}, network, deps))
  void reflector.run()
  logger.info('Starting', { node: nodeName, backend: conf.backend.kind })
}
