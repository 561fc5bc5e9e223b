import type { Cgroups } from '../cgroups/cgroups.ts'
import type { OciRuntime } from '../oci/oci-runtime.ts'
import type { Isolation } from './isolation.ts'

/** What the process handler found on this machine; texts say why there is nothing. */
export interface MachineFacts {
  readonly isolation: Isolation
  readonly network: string
  readonly oci: OciRuntime | string
  readonly cgroups: Cgroups | string
  readonly canSetGroups: boolean
}

/** The same for Status(verbose). `resourceLimits` begins with `not enforced` where nothing limits: the kubelet tells. */
export function describeMachine(facts: MachineFacts): Readonly<Record<string, unknown>> {
  const { isolation, network, oci, cgroups, canSetGroups } = facts
  return {
    handler: 'process',
    isolation: isolation.level,
    overlay: isolation.overlay,
    isolationLimits: isolation.reasons,
    network,
    ociRuntime: typeof oci === 'string' ? `none: ${oci}` : oci.version,
    resourceLimits: typeof cgroups === 'string' ? `not enforced: ${cgroups}` : cgroups.describe(),
    notEnforced: [
      ...(typeof cgroups === 'string' ? ['resources'] : []),
      'seccomp RuntimeDefault',
      'apparmor RuntimeDefault',
      'selinux',
      ...(canSetGroups ? [] : ['supplementalGroups']),
    ],
  }
}
