import { boundingSetArgument } from './capabilities.ts'

/** As whom a container's program runs, and what it may do. */
export interface Privileges {
  readonly uid: number
  readonly gid: number
  /** Supplementary groups; undefined: those of the runtime, where the kernel lets nobody change them. */
  readonly groups: readonly number[] | undefined
  /** Names without `cap_`, in lower case. */
  readonly capabilities: readonly string[]
  readonly ambient: readonly string[]
  readonly noNewPrivileges: boolean
}

/** Words of setpriv(1). */
export function setprivWords(privileges: Privileges): string[] {
  const { uid, gid, capabilities, ambient, noNewPrivileges } = privileges
  const added = ambient.map((name) => `,+${name}`).join('')
  return [
    `--reuid=${uid}`,
    `--regid=${gid}`,
    groupsWord(privileges),
    `--inh-caps=-all${added}`,
    ...(ambient.length > 0 ? [`--ambient-caps=-all${added}`] : []),
    `--bounding-set=${boundingSetArgument(capabilities)}`,
    ...(noNewPrivileges ? ['--no-new-privs'] : []),
  ]
}

function groupsWord({ groups }: Privileges): string {
  if (groups === undefined) return '--keep-groups'
  return groups.length > 0 ? `--groups=${groups.join(',')}` : '--clear-groups'
}
