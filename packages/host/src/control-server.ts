import { rmSync } from 'node:fs'
import { RpcServer } from '@kemu/rpc'
import { Host } from '@kemu/rpc/host'
import type { HostConfig } from './host-config.ts'
import type { Supervisor } from './supervisor.ts'

/** The control port of a host on a unix socket that only its owner may open (proto/kemu/host.proto). */
export async function serveControl(
  socket: string,
  config: HostConfig,
  supervisor: Supervisor,
  shutdown: (graceMs: number) => void,
): Promise<RpcServer> {
  rmSync(socket, { force: true })
  const server = new RpcServer().add(Host, {
    Status: () => ({
      name: config.name,
      address: config.address,
      pid: String(process.pid),
      processes: supervisor.children.map((child) => ({
        component: child.spec.name,
        pid: String(child.pid ?? 0),
        state: child.pid === undefined ? 'restarting' : 'running',
        restarts: String(child.restarts),
        startedAt: new Date(child.startedAtMs).toISOString(),
        logPath: child.spec.logFile,
      })),
    }),
    Shutdown: ({ graceMs }) => {
      // The answer first: the caller then waits for the process to go.
      setImmediate(() => shutdown(Number(graceMs)))
      return {}
    },
  })
  await server.listen([`unix:${socket}`])
  return server
}
