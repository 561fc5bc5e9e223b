import { mkdirSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'
import { sleep, systemClock, systemRandom } from '@kemu/base'
import { places } from '@kemu/host'
import type { HostConfig } from '@kemu/host'
import {
  apiPort,
  controlPlaneName,
  createToken,
  discover,
  DiscoveryError,
  forgetMembership,
  formatToken,
  HostFiles,
  parseToken,
  prepareAuthorities,
  prepareJoin,
  prepareWithAuthorities,
  readJoinedCluster,
  standingMembership,
} from '@kemu/kubeadm'
import type { BootstrapToken, JoinedCluster } from '@kemu/kubeadm'
import { publicKeyHash } from '@kemu/pki'
import type { Progress } from '../output/progress.ts'
import { initializedMark, shared } from './container-role.ts'
import type { ContainerRole } from './container-role.ts'
import { containerSpec, hostDir } from './container-spec.ts'
import type { ControlPlaneRole } from './container-spec.ts'
import { awaitTicket, readTicket, writeTicket } from './join-ticket.ts'
import type { JoinTicket } from './join-ticket.ts'
import type { OwnAddress } from './own-address.ts'
import { leaveKubeconfig } from './user-kubeconfig.ts'

/** While the control plane is being born it is asked this often. */
const askAgainMs = 200

/**
 * Everything that a container's host needs on its disk before its supervisor starts, for the address that it has
 * today. It is run at each start: what is good stays, certificates are signed again where the address changed.
 */
export async function prepareHost(
  role: ContainerRole,
  own: OwnAddress,
  progress: Progress,
): Promise<void> {
  if (role.kind === 'control-plane') await prepareMaster(role, own, progress)
  else await prepareMember(role.nodeName, own, progress)
  const config: HostConfig = {
    name: role.nodeName,
    address: own.address,
    driver: 'netns',
    isolation: 'root',
    kubeletFlags: [],
    health: healthOf(role, own),
  }
  mkdirSync(dirname(places.hostConfig), { recursive: true })
  writeFileSync(places.hostConfig, `${JSON.stringify(config, null, 2)}\n`)
}

function healthOf({ kind }: ContainerRole, { address }: OwnAddress): HostConfig['health'] {
  const kubelet = `http://${address}:10248/healthz`
  const isMaster = kind === 'control-plane'
  return {
    urls: isMaster ? [kubelet, `https://${address}:${apiPort}/readyz`] : [kubelet],
    caFile: '/etc/kubernetes/pki/ca.crt',
    files: isMaster ? [initializedMark] : [],
  }
}

async function prepareMaster(
  role: ControlPlaneRole,
  own: OwnAddress,
  progress: Progress,
): Promise<void> {
  const spec = containerSpec(role, own)
  await progress.step(
    'certs',
    'Certificates, kubeconfigs and static pods are in place',
    async () => {
      const authorities = await prepareAuthorities(shared.controlPlane, systemClock.now())
      await prepareWithAuthorities(spec, authorities, systemClock.now())
      const ticket: JoinTicket = {
        server: `${controlPlaneName}:${apiPort}`,
        token: formatToken(clusterToken()),
        caHash: publicKeyHash(authorities.ca.certificate),
      }
      writeTicket(shared.join, ticket)
      leaveKubeconfig(shared.kubeconfig, role.apiAddress)
    },
  )
}

/** Made once for all hosts of the control plane. It does not expire: a worker may be added at any time. */
export function clusterToken(): BootstrapToken {
  const files = new HostFiles(shared.controlPlane)
  const standing = files.read('/token')
  if (standing !== undefined) return parseToken(standing.trim())
  const token = createToken(systemRandom)
  files.writeSecret('/token', `${formatToken(token)}\n`)
  return token
}

async function prepareMember(nodeName: string, own: OwnAddress, progress: Progress): Promise<void> {
  const host = { name: nodeName, address: own.address, dir: hostDir }
  const site = { isolation: 'root', extraArgs: {} } as const
  const standing = standingMembership(hostDir, readTicket(shared.join)?.caHash)
  if (standing) {
    progress.say('join', `This host is a node of cluster "${standing.name}" already`)
    prepareJoin(standing, host, site)
    return
  }
  forgetMembership(hostDir)
  const ticket = await progress.step('join', 'The control plane says how to join', () =>
    awaitTicket(shared.join),
  )
  const token = parseToken(ticket.token)
  const cluster = await progress.step('discovery', `Cluster of ${ticket.server} is verified`, () =>
    reachCluster(ticket, token),
  )
  prepareJoin(cluster, host, site, token)
}

/** A worker may start before the control plane does: what it cannot reach yet it asks again. */
async function reachCluster(ticket: JoinTicket, token: BootstrapToken): Promise<JoinedCluster> {
  for (;;) {
    try {
      const ca = await discover(ticket.server, token, [ticket.caHash])
      return await readJoinedCluster(ticket.server, ca, token)
    } catch (error) {
      if (error instanceof DiscoveryError && error.reason === 'ca hash') throw error
      await sleep(systemClock, askAgainMs)
    }
  }
}
