import type { Container, Probe } from '@kemu/api'
import type { Clock } from '@kemu/base'
import type { Cri } from '../cri/cri.ts'
import { expand } from '../env/expansion.ts'
import { containerPort } from '../probe/container-port.ts'
import { probeExec } from '../probe/exec.ts'
import { probeGrpc } from '../probe/grpc.ts'
import { httpTarget, probeHttp } from '../probe/http-get.ts'
import { ProbeError } from '../probe/probe-outcome.ts'
import type { ProbeOutcome } from '../probe/probe-outcome.ts'
import { probeTcp } from '../probe/tcp.ts'

export interface ProbeTarget {
  readonly container: Container
  readonly containerId: string
  readonly podIp: string
}

export interface ProbeRunnerDeps {
  readonly cri: Cri
  readonly clock: Clock
  /** Where a port of that address is really open (loopback networks open low ports elsewhere). */
  readonly reachablePort: (host: string, port: number) => number
}

/** Makes one probe; throws a ProbeError when it could not be made. */
export async function runProbe(
  deps: ProbeRunnerDeps,
  probe: Probe,
  target: ProbeTarget,
): Promise<ProbeOutcome> {
  const { container, containerId, podIp } = target
  const timeoutMs = (probe.timeoutSeconds ?? 1) * 1000
  try {
    if (probe.exec) {
      const plain = new Map((container.env ?? []).map((e) => [e.name, e.value ?? ''] as const))
      const command = (probe.exec.command ?? []).map((word) => expand(word, plain))
      return await probeExec(deps.cri, containerId, command, probe.timeoutSeconds ?? 1)
    }
    if (probe.httpGet) {
      const to = httpTarget(probe.httpGet, container, podIp, 'probe')
      return await probeHttp(
        deps.clock,
        { ...to, port: deps.reachablePort(to.host, to.port) },
        timeoutMs,
      )
    }
    if (probe.tcpSocket) {
      const host = probe.tcpSocket.host || podIp
      const port = containerPort(probe.tcpSocket.port, container)
      return await probeTcp(deps.clock, host, deps.reachablePort(host, port), timeoutMs)
    }
    if (probe.grpc) {
      const port = deps.reachablePort(podIp, probe.grpc.port)
      return await probeGrpc(deps.clock, podIp, port, probe.grpc.service ?? '', timeoutMs)
    }
  } catch (error) {
    if (error instanceof ProbeError) throw error
    throw new ProbeError((error as Error).message, { cause: error })
  }
  throw new ProbeError(`missing probe handler for ${container.name}`)
}
