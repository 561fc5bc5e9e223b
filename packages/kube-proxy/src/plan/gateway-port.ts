/** One port that shall be open on the person's machine, and where in the cluster it leads: `172.18.0.10:31234`. */
export interface GatewayPort {
  readonly protocol: 'TCP' | 'UDP'
  readonly port: number
  readonly target: string
}
