/** One port that shall be open on the person's machine, and where in the cluster it leads: `172.18.0.10:31234`. */
export interface GatewayPort {
  readonly protocol: 'TCP' | 'UDP'
  readonly port: number
  readonly target: string
}

/**
 * What the clients of the gateway want, together: each client (a kube-proxy) states its whole wish each time, and
 * what it
 * wished is gone when it is. A port that several wish for leads to all their targets.
 */
export class DesiredPorts<ClientKey> {
  readonly #wishes = new Map<ClientKey, readonly GatewayPort[]>()

  set(client: ClientKey, ports: readonly GatewayPort[]): void {
    this.#wishes.set(client, ports)
  }

  remove(client: ClientKey): void {
    this.#wishes.delete(client)
  }

  /** Targets by TCP port; UDP is not forwarded (see the package's README). */
  targets(): Map<number, string[]> {
    const byPort = new Map<number, string[]>()
    for (const { protocol, port, target } of [...this.#wishes.values()].flat()) {
      if (protocol === 'TCP') byPort.set(port, [...(byPort.get(port) ?? []), target])
    }
    return byPort
  }
}

/** One client's whole wish. */
export interface Wish {
  readonly ports: readonly GatewayPort[]
  /**
   * Who wishes, where that outlives its process: the wish stays for `lingerMs` after the connection ended, for somebody of
   * the same name to take over.
   */
  readonly holder: { readonly name: string; readonly lingerMs: number } | undefined
}

/**
 * Reads one line of the gateway's protocol: `{"ports":[{"protocol":"TCP","port":80,"target":"a.b.c.d:e"}]}`, with
 * `"holder":{"name":"worker1","lingerMs":60000}` where what serves the targets does not end with the client.
 */
export function parseWish(line: string): Wish {
  const { ports, holder } = JSON.parse(line) as { ports?: unknown; holder?: Wish['holder'] }
  if (!Array.isArray(ports)) throw new Error('gateway: a line must be {"ports":[...]}')
  if (holder && !(typeof holder.name === 'string' && Number.isInteger(holder.lingerMs)))
    throw new Error(`gateway: not a holder: ${JSON.stringify(holder)}`)
  return { holder, ports: parsePorts(ports) }
}

function parsePorts(ports: readonly unknown[]): GatewayPort[] {
  return (ports as readonly Partial<GatewayPort>[]).map((entry) => {
    const { protocol, port, target } = entry
    const valid =
      (protocol === 'TCP' || protocol === 'UDP') &&
      Number.isInteger(port) &&
      /^[\d.]+:\d+$/.test(target ?? '')
    if (!valid) throw new Error(`gateway: not a port: ${JSON.stringify(entry)}`)
    return { protocol, port: port!, target: target! }
  })
}
