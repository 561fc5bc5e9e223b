import { hostname as machineHostname } from 'node:os'
import { join } from 'node:path'
import type { PodNetwork } from '@kemu/network/pod'
import type { ImageDefinition } from '../images/image.ts'
import { namespacesOf } from '../store/records.ts'
import type { ContainerRecord, SandboxRecord } from '../store/records.ts'
import { planCapabilities } from './capabilities.ts'
import type { IdMapping } from './id-mapping.ts'
import { hostnameOf } from './launch-plan.ts'
import type { LaunchRequest } from './launch-plan.ts'
import { sandboxFiles } from './sandbox-files.ts'
import { resolveUser } from './user.ts'

/** What the node gives to a launch, beside the container, its pod and its image. */
export interface LaunchSurroundings {
  readonly level: LaunchRequest['level']
  readonly network: PodNetwork
  readonly nodeAddress: string
  readonly sandboxDir: string
  readonly containerDir: string
  /** Directory of a built-in image's own files. */
  readonly imageRoot: string
  /** Texts of passwd(5) and group(5) that decide who runs. */
  readonly accounts: { readonly passwd: string; readonly group: string }
  readonly ids: IdMapping
  /** Numeric user of the runtime. */
  readonly uid: number
  readonly givable: ReadonlySet<string>
}

/** Puts together what the launch of a container is planned from. Throws UnknownUser. */
export function launchRequest(
  container: ContainerRecord,
  sandbox: SandboxRecord,
  image: ImageDefinition,
  node: LaunchSurroundings,
): LaunchRequest {
  const { level, accounts, uid } = node
  const { hostIpc } = namespacesOf(sandbox.config)
  const files = sandboxFiles(node.sandboxDir, hostIpc || level === 'plain')
  const security = container.config.linux?.securityContext
  const imageUser = canBecome(image.config.user, node) ? image.config.user : ''
  return {
    container,
    sandbox,
    image,
    user: resolveUser(security, imageUser, accounts.passwd, accounts.group),
    level,
    imageRoot: node.imageRoot,
    plainRoot: join(node.containerDir, 'root'),
    files,
    podFiles:
      level === 'isolated'
        ? { hosts: '/etc/hosts', resolvConf: '/etc/resolv.conf' }
        : {
            hosts: mountedAt(container, '/etc/hosts') ?? files.hosts,
            resolvConf: mountedAt(container, '/etc/resolv.conf') ?? files.resolvConf,
          },
    networkEnvironment: node.network.environment(sandbox.address ?? node.nodeAddress),
    hostname: hostnameOf(sandbox, machineHostname()),
    hostPath: process.env['PATH'] ?? '/usr/bin:/bin',
    capabilities: planCapabilities(security, node.givable).capabilities,
    canSetPrivileges: uid === 0,
    canSetGroups: node.ids.canSetGroups,
  }
}

function mountedAt(container: ContainerRecord, path: string): string | undefined {
  return container.config.mounts.find((mount) => mount.containerPath === path)?.hostPath
}

/**
 * An image's user is a wish: where it does not exist (another than root in a small user namespace), root runs it.
 */
function canBecome(imageUser: string, { uid, ids }: LaunchSurroundings): boolean {
  const [user = '', group = '0'] = imageUser.split(':')
  const isName = Number.isNaN(Number(user)) || Number.isNaN(Number(group))
  return uid === 0 && (isName || (ids.hasUser(Number(user)) && ids.hasGroup(Number(group))))
}
