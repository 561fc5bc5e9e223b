import { quote, quoteAll } from '../process/shell-quote.ts'

export interface OciRun {
  readonly runtime: string
  readonly stateDir: string
  /** Directory of config.json. */
  readonly bundle: string
  readonly containerId: string
}

/** Words before a verb. Control groups are ours: see cgroups.ts. */
function ociWords({ runtime, stateDir }: Pick<OciRun, 'runtime' | 'stateDir'>): string[] {
  return [runtime, '--root', stateDir, '--cgroup-manager=disabled']
}

/**
 * inner.sh of a container that an OCI runtime starts: the root is mounted in a mount namespace that only the runtime
 * process and what it starts will ever see. crun refuses a machine whose version 1 hierarchies have an empty version 2
 * mount beside them, so it gets to see none.
 */
export function ociInnerScript(run: OciRun & { readonly log: string }): string {
  const words = [...ociWords(run), '--log', run.log, 'run', '--bundle', run.bundle, run.containerId]
  return [
    'fail() { echo "$1" >&3; exit 1; }',
    'mount -a -T fstab >mount.log 2>&1 || fail "cannot mount: $(cat mount.log)"',
    '[ ! -d /sys/fs/cgroup/unified ] || mount -t tmpfs none /sys/fs/cgroup',
    `exec ${quoteAll(words)} 3>&- 7>&-`,
    '',
  ].join('\n')
}

/** The hook after the start: its input is the container's state, with the pid as the runtime sees it. */
export function startedHook(shimDir: string): string {
  return [
    `cd ${quote(shimDir)} || exit 1`,
    'read -r state',
    'pid=${state#*\'"pid":\'}',
    'pid=${pid%%[!0-9]*}',
    'read -r stat </proc/$pid/stat && echo "$stat" >main.stat && echo started >alive',
  ].join('\n')
}

/** A command in a running container. Its program was looked for before, so it is as good as started. */
export function ociExecScript(run: OciRun, processFile: string): string {
  const words = [...ociWords(run), 'exec', '--process', processFile, run.containerId]
  return ['echo started >&3', `exec ${quoteAll(words)} 3>&-`].join('\n')
}
