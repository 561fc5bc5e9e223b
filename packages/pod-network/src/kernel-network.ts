import { execFile } from 'node:child_process'
import type { NetworkPlan, Route, Tunnel, Underlay } from './plan.ts'
import {
  parseEntries,
  parseRoutes,
  parseTunnels,
  parseUnderlay,
  routeProtocol,
} from './kernel-state.ts'
import { planBatches } from './plan-batches.ts'
import type { KernelState } from './plan-batches.ts'

/** Runs `ip` or `bridge` (iproute2) with an input; gives the output, rejects with what it complained of. */
export type RunIproute = (
  program: 'ip' | 'bridge',
  args: readonly string[],
  input: string,
) => Promise<string>

/** This network namespace's routes and devices, as far as they are ours. */
export class KernelNetwork {
  readonly #run: RunIproute

  constructor(run: RunIproute) {
    this.#run = run
  }

  /** The interface that has the address; undefined when none has. */
  async underlay(address: string): Promise<Underlay | undefined> {
    return parseUnderlay(await this.#run('ip', ['-json', 'address', 'show'], ''), address)
  }

  /** Makes what is planned and removes what an earlier plan, or an earlier life, left; true when something changed. */
  async apply(plan: NetworkPlan): Promise<boolean> {
    const { ip, bridge, routes } = planBatches(await this.#read(plan.tunnel), plan)
    if (ip.length > 0) await this.#batch('ip', ip)
    if (bridge.length > 0) await this.#batch('bridge', bridge)
    // Last: a route that is there leads somewhere.
    if (routes.length > 0) await this.#batch('ip', routes)
    return ip.length + bridge.length + routes.length > 0
  }

  async #read(tunnel: Tunnel | undefined): Promise<KernelState> {
    const ours = ['-json', 'route', 'show', 'protocol', routeProtocol]
    const routes: Promise<Route[]> = this.#run('ip', ours, '').then(parseRoutes)
    if (!tunnel)
      return { routes: await routes, tunnels: [], neighbours: new Set(), forwarding: new Set() }
    const links = ['-json', '-details', 'address', 'show', 'type', 'vxlan']
    const tunnels = parseTunnels(await this.#run('ip', links, ''))
    const { device } = tunnel
    if (!tunnels.some((each) => each.device === device))
      return { routes: await routes, tunnels, neighbours: new Set(), forwarding: new Set() }
    const [neighbours, forwarding] = await Promise.all([
      this.#run('ip', ['-json', 'neighbour', 'show', 'dev', device, 'nud', 'permanent'], ''),
      this.#run('bridge', ['-json', 'fdb', 'show', 'dev', device], ''),
    ])
    return {
      routes: await routes,
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
