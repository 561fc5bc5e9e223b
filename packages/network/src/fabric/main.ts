import { fork, spawn } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { join } from 'node:path'
import { runDaemon, systemClock, systemRandom, thisProgram } from '@kemu/base'
import type { Closers, Logger } from '@kemu/base'
import { serveGatewayControl } from '../gateway/control.ts'
import { InnerGateway } from '../gateway/inner.ts'
import type { ToInner } from '../gateway/inner.ts'
import { OuterGateway } from '../gateway/outer.ts'
import type { Isolation } from './capabilities.ts'
import { userNamespaceFlags } from './capabilities.ts'
import { FabricState } from './fabric-state.ts'

interface FabricFlags {
  readonly dir: string
  readonly isolation: Isolation
  readonly bridgeAddress: string
  readonly forward: Readonly<Record<string, string>>
}

void runDaemon(
  {
    name: 'fabric',
    summary:
      "The network that a cluster's hosts hang on, and the gateway from this machine into it.",
    flags: {
      dir: { type: 'string', default: '', help: 'directory for its state and the gateway socket' },
      isolation: { type: 'string', default: 'root', help: 'root or user-namespace' },
      'bridge-address': {
        type: 'string',
        default: '',
        help: "the bridge's address with prefix length",
      },
      forward: {
        type: 'map',
        help: 'ports of this machine that are always open: 6443=172.18.0.10:6443',
      },
      inner: {
        type: 'boolean',
        help: 'run as the half inside the fabric (started by the other half)',
      },
    },
    async start({ flags, logger, closers }) {
      if (flags.inner) return runInner()
      await runOuter(
        {
          dir: flags.dir,
          isolation: flags.isolation as Isolation,
          bridgeAddress: flags['bridge-address'],
          forward: flags.forward,
        },
        logger,
        closers,
      )
    },
  },
  process.argv.slice(2),
)

function runInner(): void {
  const gateway = new InnerGateway({ clock: systemClock, random: systemRandom })
  process.on('message', (message, handle) => gateway.take(message as ToInner, handle))
  process.on('disconnect', () => process.exit(0))
  process.send?.('ready')
}

async function runOuter(flags: FabricFlags, logger: Logger, closers: Closers): Promise<void> {
  const gateway = new OuterGateway('127.0.0.1', { clock: systemClock, logger })
  const always = new Map(
    Object.entries(flags.forward).map(([port, target]) => [Number(port), [target]]),
  )
  // Two clusters that start at once may have chosen the same one.
  await gateway.reserve(always.keys())

  const state = new FabricState(flags.dir)
  const holder = state.holder() ?? (await startHolder(flags))
  state.write({ holder, fabric: process.pid })
  closers.defer(() => {
    process.kill(holder, 'SIGKILL')
    state.remove()
  })

  gateway.apply(always)
  closers.add(keepInner(flags, holder, gateway, logger))
  const control = await serveGatewayControl(
    join(flags.dir, 'gateway.sock'),
    (targets) => gateway.apply(new Map([...targets, ...always])),
    { clock: systemClock, logger },
  )
  closers.defer(() => void control.close())
  state.markReady()
}

/** The process that keeps the namespace; resolves when the bridge is there. */
function startHolder(flags: FabricFlags): Promise<number> {
  const script = join(thisProgram().root, 'packages/network/init/fabric.sh')
  const args = [
    ...userNamespaceFlags(flags.isolation),
    '--net',
    '--mount',
    '--propagation',
    'private',
  ]
  const holder = spawn('unshare', [...args, 'sh', script, flags.bridgeAddress], {
    stdio: ['ignore', 'pipe', 'pipe'],
    detached: true,
  })
  let errors = ''
  holder.stderr.setEncoding('utf8').on('data', (text: string) => (errors += text))
  return new Promise((resolve, reject) => {
    holder.once('error', reject)
    holder.once('exit', (code) =>
      reject(new Error(`the fabric did not come up (exit ${code}): ${errors.trim()}`)),
    )
    holder.stdout.once('data', () => {
      holder.removeAllListeners('exit')
      holder.unref()
      resolve(holder.pid!)
    })
  })
}

/** Starts the inner half in the fabric's namespace, and again when it dies. */
function keepInner(
  flags: FabricFlags,
  holder: number,
  gateway: OuterGateway,
  logger: Logger,
): { close(): void } {
  let inner: ChildProcess | undefined
  let closed = false
  const start = (): void => {
    inner = forkInside(flags.isolation, holder)
    inner.once('message', () => gateway.attach(inner!))
    inner.once('exit', (code, signal) => {
      if (closed) return
      logger.warn('Gateway ended, starting it again', { code, signal })
      systemClock.setTimer(100, start)
    })
  }
  start()
  return {
    close: () => {
      closed = true
      inner?.kill('SIGKILL')
    },
  }
}

function forkInside(isolation: Isolation, holder: number): ChildProcess {
  const program = thisProgram()
  const enter = ['--target', String(holder), '--net']
  if (isolation === 'user-namespace') enter.push('--user', '--preserve-credentials')
  return fork(program.script, ['fabric', '--inner'], {
    execPath: 'nsenter',
    execArgv: [...enter, program.node],
    env: process.env,
  })
}
