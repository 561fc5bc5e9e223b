import type { SecurityContext } from '../../generated/types.ts'

/** As messages show it: with the names and the order of upstream's internal type, and null for what is not set. */
export function shownSecurityContext(context: SecurityContext): Record<string, unknown> {
  const { capabilities, seLinuxOptions: linux, seccompProfile: seccomp } = context
  const { windowsOptions: windows, appArmorProfile: appArmor } = context
  return {
    Capabilities: capabilities
      ? {
          Add: capabilities.add ?? null,
          Drop: capabilities.drop ?? null,
        }
      : null,
    Privileged: context.privileged ?? null,
    SELinuxOptions: linux
      ? {
          User: linux.user ?? '',
          Role: linux.role ?? '',
          Type: linux.type ?? '',
          Level: linux.level ?? '',
        }
      : null,
    WindowsOptions: windows
      ? {
          GMSACredentialSpecName: windows.gmsaCredentialSpecName ?? null,
          GMSACredentialSpec: windows.gmsaCredentialSpec ?? null,
          RunAsUserName: windows.runAsUserName ?? null,
          HostProcess: windows.hostProcess ?? null,
        }
      : null,
    RunAsUser: context.runAsUser ?? null,
    RunAsGroup: context.runAsGroup ?? null,
    RunAsNonRoot: context.runAsNonRoot ?? null,
    ReadOnlyRootFilesystem: context.readOnlyRootFilesystem ?? null,
    AllowPrivilegeEscalation: context.allowPrivilegeEscalation ?? null,
    ProcMount: context.procMount ?? null,
    SeccompProfile: seccomp
      ? {
          Type: seccomp.type,
          LocalhostProfile: seccomp.localhostProfile ?? null,
        }
      : null,
    AppArmorProfile: appArmor
      ? {
          Type: appArmor.type,
          LocalhostProfile: appArmor.localhostProfile ?? null,
        }
      : null,
  }
}
