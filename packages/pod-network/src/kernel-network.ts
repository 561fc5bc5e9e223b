import { execFile } from 'node:child_process'
import {
  parseEntries,
  parseRoutes,
  parseTunnels,
  parseUnderlay,
  routeProtocol,
} from './kernel-state.ts'
import type { TunnelState } from './kernel-state.ts'
import type { NetworkPlan, Tunnel, Underlay } from './plan.ts'
import { planBatches } from './plan-batches.ts'
import type { KernelState } from './plan-batches.ts'

/** Runs `ip` or `bridge` (iproute2) with an input; gives the output, rejects with what it complained of. */
export type RunIproute = (
  program: 'ip' | 'bridge',
  args: readonly string[],
  input: string,
) => Promise<string>

/** The devices of a network namespace, as far as they matter here. */
export interface Links {
  /** The interface that has the address; undefined when none has. */
  underlayOf(address: string): Underlay | undefined
  /** All VXLAN devices. */
  readonly tunnels: readonly TunnelState[]
}

/** This network namespace's routes and devices, as far as they are ours. */
export class KernelNetwork {
  readonly #run: RunIproute

  constructor(run: RunIproute) {
    this.#run = run
  }

  async links(): Promise<Links> {
    const text = await this.#run('ip', ['-json', '-details', 'address', 'show'], '')
    return {
      underlayOf: (address) => parseUnderlay(text, address),
      tunnels: parseTunnels(text),
    }
  }

  /** Makes what is planned and removes what an earlier plan, or an earlier life, left; true when something changed. */
  async apply(node: string, plan: NetworkPlan, { tunnels }: Links): Promise<boolean> {
    const { ip, bridge, routes } = planBatches(node, await this.#read(plan.tunnel, tunnels), plan)
    if (ip.length > 0) await this.#batch('ip', ip)
    if (bridge.length > 0) await this.#batch('bridge', bridge)
    // Last: a route that is there leads somewhere.
    if (routes.length > 0) await this.#batch('ip', routes)
    return ip.length + bridge.length + routes.length > 0
  }

  async #read(tunnel: Tunnel | undefined, tunnels: Links['tunnels']): Promise<KernelState> {
    const ours = ['-json', 'route', 'show', 'protocol', routeProtocol]
    const routes = parseRoutes(await this.#run('ip', ours, ''))
    const device = tunnels.find((each) => each.device === tunnel?.device)?.device
    if (device === undefined)
      return { routes, tunnels, neighbours: new Set(), forwarding: new Set() }
    const [neighbours, forwarding] = await Promise.all([
      this.#run('ip', ['-json', 'neighbour', 'show', 'dev', device, 'nud', 'permanent'], ''),
      this.#run('bridge', ['-json', 'fdb', 'show', 'dev', device], ''),
    ])
    return {
      routes,
      tunnels,
      neighbours: parseEntries(neighbours, 'dst', 'lladdr'),
      forwarding: parseEntries(forwarding, 'dst', 'mac'),
    }
  }

  async #batch(program: 'ip' | 'bridge', lines: readonly string[]): Promise<void> {
    await this.#run(program, ['-batch', '-'], `${lines.join('\n')}\n`)
  }
}

export const runIproute: RunIproute = (program, args, input) =>
  new Promise((resolve, reject) => {
    const child = execFile(program, args, (error, stdout, stderr) => {
      if (error)
        reject(new Error(`${program} ${args.join(' ')}: ${stderr.trim() || error.message}`))
      else resolve(stdout)
    })
    child.stdin?.on('error', () => undefined) // it ended without reading; the exit code tells
    child.stdin?.end(input)
  })
