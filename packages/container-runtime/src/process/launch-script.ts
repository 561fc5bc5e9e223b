import { setprivWords } from './privileges.ts'
import type { Privileges } from './privileges.ts'
import { quote, quoteAll } from './shell-quote.ts'
import { machineTools } from './toolbox.ts'
import type { Tools } from './toolbox.ts'

/** Which program runs and as whom, inside the container. */
export interface Launch {
  readonly command: readonly string[]
  /** `NAME=value`; the whole environment. */
  readonly environment: readonly string[]
  readonly workingDir: string
  /** Undefined when nothing changes. */
  readonly privileges: Privileges | undefined
  readonly tty: boolean
}

/** The namespaces of a running process that a new one enters, as paths for nsenter(1). */
export interface EnterNamespaces {
  readonly net?: string
  readonly ipc?: string
  readonly uts?: string
  readonly pid?: string
}

/** PATH of a container that sets none (containerd's default for Linux). */
export const defaultPath = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin'

/** Reports in runc's words; fd 3 is where a failed start is explained. */
const findProgram = `
fail() { echo "$1" >&3; exit "\${2:-1}"; }
find_program() {
  case $1 in
  */*)
    [ -e "$1" ] || fail "exec: \\"$1\\": stat $1: no such file or directory" 127
    [ -d "$1" ] && fail "exec: \\"$1\\": is a directory" 126
    [ -x "$1" ] || fail "exec: \\"$1\\": permission denied" 126
    return
    ;;
  esac
  IFS=:
  for folder in $2; do
    [ -x "$folder/$1" ] && [ ! -d "$folder/$1" ] && { unset IFS; return; }
  done
  fail "exec: \\"$1\\": executable file not found in \\$PATH" 127
}
`

/** Finds the program, says `started` by the given command and becomes the program. */
function becomeProgram(
  launch: Launch,
  session: readonly string[],
  sayStarted: string,
  closing: string,
  tools: Tools,
): string {
  const path =
    launch.environment.find((entry) => entry.startsWith('PATH='))?.slice(5) ?? defaultPath
  const program = launch.command[0] ?? ''
  return [
    `cd ${quote(launch.workingDir)} || fail "chdir to cwd (\\"${launch.workingDir}\\") set in config.json failed: no such file or directory"`,
    `find_program ${quote(program)} ${quote(path)}`,
    sayStarted,
    `exec ${quoteAll(programWords(launch, session, tools))} ${closing}`,
  ].join('\n')
}

/** env(1) sets the environment last: a shell in between would drop names that are no identifiers. */
function programWords(launch: Launch, session: readonly string[], tools: Tools): string[] {
  const { environment, command, privileges } = launch
  const setpriv = privileges ? [...tools.words('setpriv'), ...setprivWords(privileges), '--'] : []
  const env = [...setpriv, ...tools.words('env'), '-i', ...environment]
  if (!launch.tty) return [...session, ...env, ...command]
  return [
    ...env,
    `SHELL=${tools.shell}`,
    ...tools.shellEnvironment,
    ...tools.words('script'),
    ...terminalArguments(launch, tools),
  ]
}

/**
 * script(1) holds the terminal, so that it outlives the runtime; the command finds the variables that its shell
 * needed as the container has them.
 */
function terminalArguments({ command, environment }: Launch, tools: Tools): string[] {
  const names = tools.shellEnvironment.map((entry) => entry.split('=')[0]!)
  const own = environment.filter((entry) => names.includes(entry.split('=')[0]!))
  const restore = own.map((entry) => `export ${quote(entry)}; `).join('')
  const inner = `unset ${['SHELL', ...names].join(' ')}; ${restore}exec ${quoteAll(command)}`
  return ['--quiet', '--return', '--flush', '--echo', 'always', '--command', inner, '/dev/null']
}

/** run.sh and inner.sh of a container with its own namespaces; see shim-script.ts for the files. */
export interface IsolatedLaunch {
  readonly launch: Launch
  readonly enter: EnterNamespaces
  /** A PID namespace of its own; else the one entered, or the machine's. */
  readonly ownPid: boolean
  /** Below the shim's directory: the root that becomes `/`. */
  readonly root: string
  readonly propagation: 'private' | 'slave'
  /** How the last steps inside the root find their programs. */
  readonly tools: Tools
}

/** What run.sh does before anything else: who the container's processes are to the kernel. */
export interface ProcessSettings {
  /** Files of control groups; a process that writes 0 to them is in the groups. */
  readonly cgroupProcs: readonly string[]
  readonly oomScoreAdj: number | undefined
}

function settingLines({ cgroupProcs, oomScoreAdj }: ProcessSettings): string[] {
  const join = cgroupProcs.map(
    (file) => `{ echo 0 >${quote(file)}; } || { echo "cannot join ${file}" >&3; exit 1; }`,
  )
  // Less than the runtime's own score needs CAP_SYS_RESOURCE: then it stays.
  const score =
    oomScoreAdj === undefined
      ? []
      : [`{ echo ${oomScoreAdj} >/proc/self/oom_score_adj; } 2>/dev/null || :`]
  return [...join, ...score]
}

export function isolatedRunScript(isolated: IsolatedLaunch, settings: ProcessSettings): string {
  const { enter, ownPid, propagation } = isolated
  const enterWords = Object.entries(enter).map(([kind, path]) => `--${kind}=${path}`)
  const nsenter = enterWords.length > 0 ? ['nsenter', ...enterWords, '--'] : []
  const unshare = ['unshare', '--mount', '--propagation', propagation, ...(ownPid ? ['--pid'] : [])]
  const inner = ownPid ? ['sh', '-c', firstOfPidNamespace] : ['sh', './inner.sh']
  const words = [...nsenter, ...unshare, '--', ...inner]
  return ['exec 3>error', ...settingLines(settings), `exec ${quoteAll(words)}`, ''].join('\n')
}

/** run.sh of a container that an OCI runtime starts: its namespaces are in the bundle's configuration. */
export function ociRunScript(propagation: 'private' | 'slave', settings: ProcessSettings): string {
  const words = ['unshare', '--mount', '--propagation', propagation, '--', 'sh', './inner.sh']
  return ['exec 3>error', ...settingLines(settings), `exec ${quoteAll(words)}`, ''].join('\n')
}

/**
 * The parent of a PID namespace's first process: the one child that it forks is PID 1. Not `unshare --fork`, which
 * (util-linux 2.38) reports 1 for every child that a signal ended. The shell's own remark about that is not the
 * container's output.
 */
const firstOfPidNamespace = `exec 9>&2 2>/dev/null
setpriv --pdeathsig KILL sh ./inner.sh 2>&9 9>&-
exit $?`

export function isolatedInnerScript({ launch, root, tools }: IsolatedLaunch): string {
  // The old root needs a place until it is gone: /sys is there in every root, /mnt only in the machine's.
  const oldRoot = tools.kind === 'machine' ? 'mnt' : 'sys'
  const unmount = `${quoteAll(tools.words('umount'))} -n -l /${oldRoot}`
  return [
    findProgram,
    'mount -a -T fstab >mount.log 2>&1 || fail "cannot mount: $(cat mount.log)"',
    // Still the machine's /proc: the pid as the runtime sees it, which stays the same through every exec.
    'read -r stat </proc/self/stat && echo "$stat" >main.stat',
    `cd ${quote(root)} && pivot_root . ${oldRoot} && ${unmount} || fail "cannot change the root"`,
    becomeProgram(launch, tools.words('setsid'), 'echo started >&7', '3>&- 7>&-', tools),
    '',
  ].join('\n')
}

/** run.sh of a plain process tree. */
export function plainRunScript(launch: Launch): string {
  return [
    'exec 3>error',
    findProgram,
    'read -r stat </proc/self/stat && echo "$stat" >main.stat',
    becomeProgram(launch, ['setsid'], 'echo started >&7', '3>&- 7>&-', machineTools),
    '',
  ].join('\n')
}

/**
 * A command in a running container, in a session that its caller made. Its report is on fd 3: `started`, or why not. (Not
 * the end of file: nsenter stays as the parent, with the descriptor open.)
 */
export function execScript(launch: Launch, tools: Tools): string {
  return [findProgram, becomeProgram(launch, [], 'echo started >&3', '3>&-', tools), ''].join('\n')
}

/** What pause does: hold the pod's namespaces. */
export interface PauseLaunch {
  readonly namespaces: readonly ('net' | 'ipc' | 'uts')[]
  /** A PID namespace that the pod's containers share; pause reaps in it. */
  readonly sharedPid: boolean
  readonly hostname: string | undefined
  readonly sysctls: Readonly<Record<string, string>>
  readonly podBatch: string | undefined
  readonly hostBatch: string | undefined
}

export function pauseRunScript({ namespaces }: PauseLaunch): string {
  const unshare = ['unshare', ...namespaces.map((name) => `--${name}`), '--']
  const words = namespaces.length > 0 ? [...unshare, 'sh', './inner.sh'] : ['sh', './inner.sh']
  return `exec 3>error\nexport KEMU_HOST_PID=$shim\nexec ${quoteAll(words)}\n`
}

export function pauseInnerScript(pause: PauseLaunch): string {
  return [
    'fail() { echo "$1" >&3; exit 1; }',
    ...(pause.hostname === undefined ? [] : [setHostname(pause.hostname)]),
    ...ipBatch('ip -batch -', pause.podBatch),
    ...ipBatch('nsenter --net=/proc/$KEMU_HOST_PID/ns/net ip -batch -', pause.hostBatch),
    ...Object.entries(pause.sysctls).map(([name, value]) => writeSysctl(name, value)),
    pause.sharedPid ? holdSharedPid : hold,
    '',
  ].join('\n')
}

/** The sysctl belongs to the machine's root, also in a user namespace; hostname(1) asks for the namespace's. */
function setHostname(name: string): string {
  return (
    `{ echo ${quote(name)} >/proc/sys/kernel/hostname; } 2>/dev/null || ` +
    `said=$(hostname ${quote(name)} 2>&1) || fail "cannot set hostname: $said"`
  )
}

function ipBatch(command: string, batch: string | undefined): string[] {
  if (batch === undefined) return []
  return [
    `said=$(${command} 2>&1 <<END\n${batch}END\n) || fail "cannot set up the pod network: $said"`,
  ]
}

function writeSysctl(name: string, value: string): string {
  const path = `/proc/sys/${name.replaceAll('.', '/')}`
  return `{ echo ${quote(value)} >${quote(path)}; } 2>/dev/null || fail "cannot set sysctl ${name}"`
}

const hold = `read -r stat </proc/self/stat && echo "$stat" >main.stat
echo started >&7
exec sleep infinity 3>&- 7>&-`

/**
 * The first process of a shared PID namespace reaps the pod's orphans: the kernel does it for one that ignores its
 * children's ends, which may then look as pause does; where the tools cannot say that, it is a shell that waits.
 */
const holdSharedPid = `exec unshare --pid --fork --kill-child -- sh -c '
read -r stat </proc/self/stat && echo "$stat" >main.stat
echo started >&7
exec 3>&- 7>&-
trap "" TERM INT HUP
if command -v bash >/dev/null && env --ignore-signal=CHLD true 2>/dev/null
then exec env --ignore-signal=CHLD bash -c "exec -a /pause sleep infinity"
fi
while :; do sleep infinity & wait; done'`
