import type { Container, Pod, SecurityContext } from '@kemu/api'
import type { Message } from '@kemu/rpc'
import type {
  LinuxContainerSecurityContext,
  LinuxSandboxSecurityContext,
  NamespaceOption,
  SecurityProfile,
} from '@kemu/rpc/cri'
import { StartError } from './start-error.ts'

/** The container's settings over the pod's (DetermineEffectiveSecurityContext). */
function effectiveSecurityContext(pod: Pod, container: Container): SecurityContext {
  const { runAsUser, runAsGroup, runAsNonRoot, seLinuxOptions } = pod.spec.securityContext ?? {}
  const base = { runAsUser, runAsGroup, runAsNonRoot, seLinuxOptions }
  const own = Object.entries(container.securityContext ?? {}).filter(([, v]) => v !== undefined)
  return { ...base, ...Object.fromEntries(own) }
}

export function namespaceOptions(pod: Pod, targetId?: string): Message<NamespaceOption> {
  const { hostNetwork, hostIPC, hostPID, shareProcessNamespace, hostUsers } = pod.spec
  const pid = hostPID ? 'NODE' : shareProcessNamespace ? 'POD' : 'CONTAINER'
  return {
    network: hostNetwork ? 'NODE' : 'POD',
    ipc: hostIPC ? 'NODE' : 'POD',
    ...(targetId !== undefined && pid === 'CONTAINER' ? { pid: 'TARGET', targetId } : { pid }),
    ...(hostUsers === false && { usernsOptions: { mode: 'POD' as const } }),
  }
}

export function sandboxSecurityContext(pod: Pod): Message<LinuxSandboxSecurityContext> {
  const context = pod.spec.securityContext ?? {}
  return {
    privileged: [...(pod.spec.initContainers ?? []), ...pod.spec.containers].some(
      (container) => container.securityContext?.privileged,
    ),
    seccomp: { profileType: 'RuntimeDefault' },
    namespaceOptions: namespaceOptions(pod),
    ...(context.runAsUser !== undefined && { runAsUser: { value: String(context.runAsUser) } }),
    ...(context.runAsGroup !== undefined && { runAsGroup: { value: String(context.runAsGroup) } }),
    supplementalGroups: supplementalGroups(pod),
    ...groupsPolicy(pod),
    ...(context.seLinuxOptions && { selinuxOptions: context.seLinuxOptions }),
  }
}

export interface ImageUser {
  readonly uid: string | undefined
  readonly username: string
}

export function containerSecurityContext(
  pod: Pod,
  container: Container,
  image: ImageUser,
  targetId: string | undefined,
): Message<LinuxContainerSecurityContext> {
  const context = effectiveSecurityContext(pod, container)
  refuseRoot(context, pod, container, image)
  const { capabilities, runAsUser, runAsGroup } = context
  const unmasked = context.procMount === 'Unmasked'
  return {
    privileged: context.privileged ?? false,
    readonlyRootfs: context.readOnlyRootFilesystem ?? false,
    noNewPrivs: context.allowPrivilegeEscalation === false,
    ...(capabilities && {
      capabilities: {
        addCapabilities: capabilities.add ?? [],
        dropCapabilities: capabilities.drop ?? [],
      },
    }),
    ...(context.seLinuxOptions && { selinuxOptions: context.seLinuxOptions }),
    ...(runAsUser !== undefined
      ? { runAsUser: { value: String(runAsUser) } }
      : {
          ...(image.uid !== undefined && { runAsUser: { value: image.uid } }),
          runAsUsername: image.username,
        }),
    ...(runAsGroup !== undefined && { runAsGroup: { value: String(runAsGroup) } }),
    namespaceOptions: namespaceOptions(pod, targetId),
    supplementalGroups: supplementalGroups(pod),
    ...groupsPolicy(pod),
    maskedPaths: unmasked ? [] : maskedPaths,
    readonlyPaths: unmasked ? [] : readonlyPaths,
    seccomp: seccompProfile(pod, container),
    ...appArmor(pod, container),
  }
}

/**
 * runAsNonRoot holds for a numeric user only: a name may stand for anybody (verifyRunAsNonRoot).
 */
function refuseRoot(
  context: SecurityContext,
  pod: Pod,
  container: Container,
  image: ImageUser,
): void {
  if (!context.runAsNonRoot) return
  const where = `(pod: "${pod.metadata.name}_${pod.metadata.namespace}(${pod.metadata.uid})", container: ${container.name})`
  const refuse = (why: string): never => {
    throw new StartError('CreateContainerConfigError', `${why} ${where}`)
  }
  if (context.runAsUser !== undefined) {
    if (context.runAsUser === 0) refuse("container's runAsUser breaks non-root policy")
    return
  }
  if (image.uid === '0') refuse('container has runAsNonRoot and image will run as root')
  if (image.uid === undefined && image.username !== '')
    refuse(
      `container has runAsNonRoot and image has non-numeric user (${image.username}), cannot verify user is non-root`,
    )
  if (image.uid === undefined && image.username === '')
    refuse('container has runAsNonRoot and image will run as root')
}

function supplementalGroups(pod: Pod): string[] {
  const { fsGroup, supplementalGroups: groups = [] } = pod.spec.securityContext ?? {}
  return [...(fsGroup === undefined ? [] : [fsGroup]), ...groups].map(String)
}

function groupsPolicy(pod: Pod): { supplementalGroupsPolicy?: 'Merge' | 'Strict' } {
  const policy = pod.spec.securityContext?.supplementalGroupsPolicy
  if (policy === undefined) return {}
  if (policy !== 'Merge' && policy !== 'Strict')
    throw new StartError(
      'CreateContainerConfigError',
      `unsupported supplementalGroupsPolicy: ${policy}`,
    )
  return { supplementalGroupsPolicy: policy }
}

function seccompProfile(pod: Pod, container: Container): Message<SecurityProfile> {
  const profile =
    container.securityContext?.seccompProfile ?? pod.spec.securityContext?.seccompProfile
  switch (profile?.type) {
    case 'RuntimeDefault':
      return { profileType: 'RuntimeDefault' }
    case 'Localhost':
      return { profileType: 'Localhost', localhostRef: profile.localhostProfile ?? '' }
    default:
      return { profileType: 'Unconfined' }
  }
}

function appArmor(pod: Pod, container: Container): { apparmor?: Message<SecurityProfile> } {
  const profile =
    container.securityContext?.appArmorProfile ?? pod.spec.securityContext?.appArmorProfile
  switch (profile?.type) {
    case 'RuntimeDefault':
    case 'Unconfined':
      return { apparmor: { profileType: profile.type } }
    case 'Localhost':
      return {
        apparmor: { profileType: 'Localhost', localhostRef: profile.localhostProfile ?? '' },
      }
    default:
      return {}
  }
}

// moby's defaults, as pkg/securitycontext hands them to a runtime.
const maskedPaths = [
  '/proc/asound',
  '/proc/acpi',
  '/proc/interrupts',
  '/proc/kcore',
  '/proc/keys',
  '/proc/latency_stats',
  '/proc/timer_list',
  '/proc/timer_stats',
  '/proc/sched_debug',
  '/proc/scsi',
  '/sys/firmware',
  '/sys/devices/virtual/powercap',
]
const readonlyPaths = ['/proc/bus', '/proc/fs', '/proc/irq', '/proc/sys', '/proc/sysrq-trigger']
