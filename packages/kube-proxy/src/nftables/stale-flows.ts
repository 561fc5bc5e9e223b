import { execFile } from 'node:child_process'
import type { Logger } from '@kemu/base'
import type { PlannedPort } from '../plan/planned-port.ts'
import type { ServicePlan } from '../plan/plan-service.ts'

/** Runs conntrack with these words; resolves with its output, rejects with Node's error. */
export type RunConntrack = (args: readonly string[]) => Promise<string>

/** A UDP flow that the kernel remembers: whom the client asked, and who answers. */
export interface UdpFlow {
  readonly destination: string
  readonly destinationPort: number
  readonly endpoint: string
  readonly endpointPort: number
}

type Plans = ReadonlyMap<string, ServicePlan | undefined>

/**
 * Makes the kernel forget UDP flows whose endpoint is gone: a client that keeps its port would send to it for ever. As
 * upstream since 1.32 it looks at services that have an endpoint still, whatever their traffic policy. TCP is left
 * alone.
 */
export class StaleFlows {
  readonly #run: RunConntrack
  readonly #logger: Logger
  #isMissing = false

  constructor(run: RunConntrack, logger: Logger) {
    this.#run = run
    this.#logger = logger
  }

  /** @param before the plans that were in effect; undefined where an earlier life made them and nobody knows */
  async remove(before: Plans | undefined, now: Plans): Promise<void> {
    const ports = [...now].flatMap(([service, plan]) =>
      udpPorts(plan).filter((port) => !before || mayMislead(port, udpPorts(before.get(service)))),
    )
    if (ports.length === 0 || this.#isMissing) return
    try {
      const flows = parseFlows(await this.#run(['-L', '-f', 'ipv4', '-p', 'udp']))
      for (const flow of staleFlows(flows, ports)) await this.#run(deletion(flow))
    } catch (error) {
      this.#fail(error as NodeJS.ErrnoException)
    }
  }

  #fail(error: NodeJS.ErrnoException): void {
    this.#isMissing = error.code === 'ENOENT'
    const why = this.#isMissing
      ? 'conntrack is not installed: UDP clients that keep their port may go on sending to endpoints that are gone'
      : 'Cannot clear stale UDP flows'
    this.#logger.warn(why, this.#isMissing ? {} : { err: error })
  }
}

function udpPorts(plan: ServicePlan | undefined): PlannedPort[] {
  return (plan?.ports ?? []).filter(({ port }) => port.protocol === 'UDP')
}

/**
 * Whether the kernel may remember something that is not so: an endpoint that is gone, or, at a new way in from outside,
 * that nobody was there when a client first asked. At a ClusterIP nothing is remembered before: routes end there.
 */
function mayMislead(now: PlannedPort, before: readonly PlannedPort[]): boolean {
  const earlier = before.find(({ port }) => port.name === now.port.name)
  const known = new Set(earlier ? waysFromOutside(earlier) : [])
  if (waysFromOutside(now).some((way) => !known.has(way))) return true
  if (!earlier) return false
  // Flows of a port that had no endpoint left were not looked at when it lost the last one.
  if (earlier.serving.length === 0) return true
  const serving = new Set(now.serving.map(placeOf))
  return earlier.serving.some((endpoint) => !serving.has(placeOf(endpoint)))
}

function waysFromOutside({ port, doors }: PlannedPort): string[] {
  const addresses = [...port.externalIps, ...port.loadBalancerIps, ...doors]
  return port.nodePort === 0 ? addresses : [...addresses, `* ${port.nodePort}`]
}

/** Flows to one of the ports' addresses whose answers come from none of its serving endpoints, each once. */
export function staleFlows(flows: readonly UdpFlow[], ports: readonly PlannedPort[]): UdpFlow[] {
  const serving = new Map<string, ReadonlySet<string>>()
  for (const { port, serving: endpoints, doors } of ports) {
    if (endpoints.length === 0) continue
    const places = new Set(endpoints.map(placeOf))
    for (const address of [port.clusterIp, ...port.externalIps, ...port.loadBalancerIps, ...doors])
      serving.set(`${address} ${port.port}`, places)
    if (port.nodePort !== 0) serving.set(`* ${port.nodePort}`, places)
  }
  const stale = new Map<string, UdpFlow>()
  for (const flow of flows) {
    const places =
      serving.get(`${flow.destination} ${flow.destinationPort}`) ??
      serving.get(`* ${flow.destinationPort}`)
    const from = placeOf({ address: flow.endpoint, port: flow.endpointPort })
    if (places && !places.has(from))
      stale.set(`${flow.destination} ${flow.destinationPort} ${from}`, flow)
  }
  return [...stale.values()]
}

/** Lines as `udp 17 29 src=10.244.1.5 dst=10.96.0.10 sport=41234 dport=53 src=10.244.2.3 dst=... sport=53 ...`. */
export function parseFlows(text: string): UdpFlow[] {
  const flows: UdpFlow[] = []
  for (const line of text.split('\n')) {
    const match =
      /src=\S+ dst=(\S+) sport=\d+ dport=(\d+).* src=(\S+) dst=\S+ sport=(\d+) dport=\d+/.exec(line)
    if (match)
      flows.push({
        destination: match[1]!,
        destinationPort: Number(match[2]),
        endpoint: match[3]!,
        endpointPort: Number(match[4]),
      })
  }
  return flows
}

function deletion({ destination, destinationPort, endpoint, endpointPort }: UdpFlow): string[] {
  const original = ['--orig-dst', destination, '--orig-port-dst', String(destinationPort)]
  const reply = ['--reply-src', endpoint, '--reply-port-src', String(endpointPort)]
  return ['-D', '-f', 'ipv4', '-p', 'udp', ...original, ...reply]
}

function placeOf({ address, port }: { readonly address: string; readonly port: number }): string {
  return `${address} ${port}`
}

/** The machine's conntrack program. That nothing matched is no failure: the flow ended by itself meanwhile. */
export const runConntrack: RunConntrack = (args) =>
  new Promise((resolve, reject) => {
    execFile('conntrack', args, { maxBuffer: 64 * 1024 * 1024 }, (error, stdout, stderr) => {
      if (error && !stderr.includes('0 flow entries')) reject(error)
      else resolve(stdout)
    })
  })
