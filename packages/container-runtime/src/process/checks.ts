import { RpcError, status } from '@kemu/rpc'
import type { ContainerRecord, SandboxRecord } from '../store/records.ts'
import { namespacesOf } from '../store/records.ts'
import type { IdMapping } from './id-mapping.ts'
import type { Isolation } from './isolation.ts'

/** What decides which fields can be honoured. */
export interface Abilities {
  readonly isolation: Isolation
  readonly ownNetwork: boolean
  /** Numeric user and group of the runtime. */
  readonly uid: number
  readonly gid: number
  readonly ids: IdMapping
  /** Capabilities asked for by name that this runtime lacks. */
  readonly missingCapabilities: readonly string[]
}

/** A field that cannot be honoured here; the kubelet shows the message in an event. */
export function refuse(field: string, why: string): never {
  throw new RpcError(status.INVALID_ARGUMENT, `${field}: ${why}`)
}

/** Sysctls that belong to a pod's namespaces; others would change the node. */
const namespacedSysctl = /^(net\.|kernel\.(shm|msg|sem)|fs\.mqueue\.)/

export function checkSandboxFields(sandbox: SandboxRecord, abilities: Abilities): void {
  const { config } = sandbox
  const security = config.linux?.securityContext
  const { hostNetwork } = namespacesOf(config)
  for (const name of Object.keys(config.linux?.sysctls ?? {})) {
    const field = `linux.sysctls[${name}]`
    if (!namespacedSysctl.test(name)) refuse(field, 'is not namespaced and would change the node')
    if (abilities.isolation.level === 'plain')
      refuse(field, 'pods have no namespaces of their own on this machine')
    if (name.startsWith('net.') && (hostNetwork || !abilities.ownNetwork))
      refuse(field, 'the pod has no network namespace of its own')
  }
  if (security?.namespaceOptions?.usernsOptions?.mode === 'POD')
    refuse(
      'linux.security_context.namespace_options.userns_options',
      'user namespaces for pods are not emulated',
    )
  refuseLocalhostProfiles(security)
}

interface Profiles {
  readonly seccomp?: { readonly profileType: string; readonly localhostRef: string } | null
  readonly apparmor?: { readonly profileType: string; readonly localhostRef: string } | null
}

/** RuntimeDefault and Unconfined are accepted: neither is enforced, which Status and docs/fidelity.md say. */
function refuseLocalhostProfiles(security: Profiles | null | undefined): void {
  for (const kind of ['seccomp', 'apparmor'] as const) {
    const profile = security?.[kind]
    if (profile?.profileType === 'Localhost')
      refuse(
        `linux.security_context.${kind}`,
        `profile ${profile.localhostRef} cannot be enforced here`,
      )
  }
}

export function checkContainerFields(container: ContainerRecord, abilities: Abilities): void {
  const { config } = container
  const security = config.linux?.securityContext
  refuseLocalhostProfiles(security)
  if (config.devices.length > 0) refuse('devices', 'device files for containers are not emulated')
  if (config.CDIDevices.length > 0) refuse('CDI_devices', 'CDI is not emulated')
  for (const mount of config.mounts) {
    const field = `mounts[${mount.containerPath}]`
    if (mount.image?.image) refuse(field, 'image volumes are not emulated')
    if (mount.recursiveReadOnly)
      refuse(field, 'recursive read-only mounts are not supported by this handler')
    if (mount.uidMappings.length > 0) refuse(field, 'id-mapped mounts are not emulated')
    if (mount.propagation === 'PROPAGATION_BIDIRECTIONAL')
      refuse(field, 'bidirectional mount propagation is not emulated')
  }
  if (abilities.missingCapabilities.length > 0) {
    const names = abilities.missingCapabilities.map((name) => name.toUpperCase()).join(', ')
    refuse('linux.security_context.capabilities.add', `this runtime does not have ${names} itself`)
  }
  checkIds(container, abilities.ids)
  if (abilities.isolation.level === 'plain') checkPlain(container, abilities)
}

/** In an unprivileged user's namespace there is often nobody but root. */
function checkIds(container: ContainerRecord, ids: IdMapping): void {
  const security = container.config.linux?.securityContext
  const uid = security?.runAsUser?.value
  const gid = security?.runAsGroup?.value
  const why = 'does not exist in the user namespace that this runtime runs in'
  if (uid !== undefined && !ids.hasUser(Number(uid)))
    refuse('linux.security_context.run_as_user', `user ${uid} ${why}`)
  if (gid !== undefined && !ids.hasGroup(Number(gid)))
    refuse('linux.security_context.run_as_group', `group ${gid} ${why}`)
  for (const group of security?.supplementalGroups ?? []) {
    const field = 'linux.security_context.supplemental_groups'
    if (!ids.hasGroup(Number(group))) refuse(field, `group ${group} ${why}`)
    if (!ids.canSetGroups)
      refuse(field, `group ${group}: the kernel lets nobody change groups in this user namespace`)
  }
}

/** Without privileges and namespaces a container is what its user may do. */
function checkPlain(container: ContainerRecord, { uid, gid }: Abilities): void {
  const security = container.config.linux?.securityContext
  const user = security?.runAsUser?.value
  if (uid !== 0 && user !== undefined && Number(user) !== uid)
    refuse(
      'linux.security_context.run_as_user',
      `${user}: this runtime runs as user ${uid} and cannot change it`,
    )
  if (uid !== 0 && (security?.runAsUsername ?? '') !== '')
    refuse(
      'linux.security_context.run_as_username',
      `this runtime runs as user ${uid} and cannot change it`,
    )
  const group = security?.runAsGroup?.value
  if (uid !== 0 && group !== undefined && Number(group) !== gid)
    refuse(
      'linux.security_context.run_as_group',
      `${group}: this runtime runs in group ${gid} and cannot change it`,
    )
  const pid = security?.namespaceOptions?.pid
  if (pid === 'TARGET')
    refuse(
      'linux.security_context.namespace_options.pid',
      'TARGET needs PID namespaces, which this machine denies',
    )
}
