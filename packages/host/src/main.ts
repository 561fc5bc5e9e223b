import { createWriteStream, mkdirSync, readFileSync, rmSync, symlinkSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { runDaemon, systemClock, systemRandom, thisProgram } from '@kemu/base'
import type { Closers, Logger } from '@kemu/base'
import { hostComponents, places } from './components.ts'
import { serveControl } from './control-server.ts'
import { serveHealth } from './health-server.ts'
import type { HostConfig } from './host-config.ts'
import { openLifeline } from './lifeline.ts'
import { LogMirror } from './log-mirror.ts'
import { hostMark, Supervisor } from './supervisor.ts'

/** Time for containers to end when the host itself is told to (SIGTERM). */
const defaultGraceMs = 2000

void runDaemon(
  {
    name: 'host',
    summary:
      "A host's init: runs the container runtime and the kubelet, and restarts them when they die.",
    flags: {
      'host-root': {
        type: 'string',
        default: '',
        help: "the host's directory; empty where it is the root already",
      },
      'run-dir': {
        type: 'string',
        default: '/run',
        help: 'a short path to the run directory, for sockets',
      },
      'health-address': {
        type: 'string',
        help: "host:port that serves /healthz of the whole host: what the configuration's health asks for",
      },
      'mirror-logs-to': {
        type: 'number',
        help: "an open file descriptor that gets every component's log lines as well",
      },
    },
    async start({ flags, logger, closers }) {
      const prefix = flags['host-root']
      const runDir = flags['run-dir']
      const config = readConfig(`${prefix}${places.hostConfig}`)
      prepare(prefix, runDir)
      if (prefix !== '') openLifeline(`${prefix}${places.lifeline}`)
      mirrorLogs(flags['mirror-logs-to'], `${prefix}${places.logs}`, closers)
      const supervisor = startSupervisor(config, prefix, runDir, logger)
      const control = await serveControl(
        join(runDir, 'host.sock'),
        config,
        supervisor,
        (graceMs) => {
          void supervisor.shutdown(graceMs).finally(() => process.exit(0))
        },
      )
      closers.defer(() => control.close(0))
      const healthAddress = flags['health-address']
      if (healthAddress !== undefined && config.health) {
        const health = await serveHealth(healthAddress, config.health)
        closers.defer(() => void health.close())
      }
      closers.defer(() => supervisor.shutdown(defaultGraceMs))
    },
  },
  process.argv.slice(2),
)

function readConfig(file: string): HostConfig {
  return JSON.parse(readFileSync(file, 'utf8')) as HostConfig
}

function prepare(prefix: string, runDir: string): void {
  for (const place of ['/run', places.logs, places.kubeletRoot, '/etc/kubernetes/manifests']) {
    mkdirSync(`${prefix}${place}`, { recursive: true })
  }
  if (prefix === '') return
  // Unix socket paths end at 107 bytes; the link is short where the host's directory is not.
  mkdirSync(dirname(runDir), { recursive: true, mode: 0o700 })
  rmSync(runDir, { force: true })
  symlinkSync(`${prefix}/run`, runDir)
}

/** What a container engine collects is what its container's first process writes. */
function mirrorLogs(fd: number | undefined, logDir: string, closers: Closers): void {
  if (fd === undefined) return
  const out = createWriteStream('', { fd })
  // An engine that went away takes no more lines; the host goes on.
  out.on('error', () => {})
  const mirror = new LogMirror(logDir, (line) => out.write(line))
  mirror.start()
  closers.add(mirror)
}

function startSupervisor(
  config: HostConfig,
  prefix: string,
  runDir: string,
  logger: Logger,
): Supervisor {
  const mark = `${config.name}@${runDir}`
  const inherited = Object.fromEntries(
    Object.entries(process.env).filter(
      (entry): entry is [string, string] => entry[1] !== undefined,
    ),
  )
  const context = {
    config,
    prefix,
    runDir,
    program: thisProgram(),
    inherited: { ...inherited, [hostMark]: mark },
  }
  const deps = { clock: systemClock, random: systemRandom, logger }
  const supervisor = new Supervisor(hostComponents(context), mark, deps)
  supervisor.start()
  return supervisor
}
