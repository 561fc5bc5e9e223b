import type { Cgroups } from '../cgroups/cgroups.ts'
import type { OciRuntime } from '../oci/oci-runtime.ts'
import type { IdMapping } from './id-mapping.ts'
import type { Isolation } from './isolation.ts'

/** What the process handler found on this machine; texts say why there is nothing. */
export interface MachineFacts {
  readonly isolation: Isolation
  readonly network: string
  readonly oci: OciRuntime | string
  readonly cgroups: Cgroups | string
  readonly ids: IdMapping
  /** Numeric user of the runtime. */
  readonly uid: number
}

/**
 * The same for Status(verbose). `resourceLimits` and `securityContexts` begin with `not enforced` where something is
 * accepted and nothing comes of it: the kubelet tells.
 */
export function describeMachine(facts: MachineFacts): Readonly<Record<string, unknown>> {
  const { isolation, network, oci, cgroups } = facts
  return {
    handler: 'process',
    isolation: isolation.level,
    overlay: isolation.overlay,
    isolationLimits: isolation.reasons,
    network,
    ociRuntime: typeof oci === 'string' ? `none: ${oci}` : oci.version,
    resourceLimits: typeof cgroups === 'string' ? `not enforced: ${cgroups}` : cgroups.describe(),
    securityContexts: describeSecurity(facts),
    notEnforced: [
      ...(typeof cgroups === 'string' ? ['resources'] : []),
      'seccomp RuntimeDefault',
      'apparmor RuntimeDefault',
      'selinux',
    ],
  }
}

/** What only root can give. */
const changesOfUser =
  "an image's USER, privileged, dropped capabilities, allowPrivilegeEscalation, fsGroup"

function describeSecurity({ isolation, ids, uid }: MachineFacts): string {
  if (isolation.level === 'plain') {
    const ofUser = uid === 0 ? '' : `${changesOfUser}, `
    return `not enforced: ${ofUser}readOnlyRootFilesystem, procMount: containers are plain process trees`
  }
  // 65534 is the highest user that images have.
  return ids.hasUser(65_534)
    ? 'enforced'
    : 'not enforced: images run as root, whatever their USER: no other user is here'
}
