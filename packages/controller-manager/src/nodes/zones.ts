import type { Node } from '@kemu/api'
import { readinessOf } from './node-health.ts'

export type ZoneState = 'Normal' | 'PartialDisruption' | 'FullDisruption'

export interface DisruptionConfig {
  /** --node-eviction-rate, nodes a second. */
  readonly rate: number
  readonly secondaryRate: number
  readonly unhealthyThreshold: number
  readonly largeClusterSize: number
}

/** Region and zone of a node, as one name. */
export function zoneOf({ metadata }: Node): string {
  const labels = metadata.labels ?? {}
  const region = labels['topology.kubernetes.io/region'] ?? ''
  const zone = labels['topology.kubernetes.io/zone'] ?? ''
  return region === '' && zone === '' ? '' : `${region}:\u0000:${zone}`
}

export function zoneState(
  nodes: readonly Node[],
  { unhealthyThreshold }: DisruptionConfig,
): ZoneState {
  const unhealthy = nodes.filter((node) => readinessOf(node) !== 'True').length
  if (unhealthy > 0 && unhealthy === nodes.length) return 'FullDisruption'
  if (unhealthy > 2 && unhealthy / nodes.length >= unhealthyThreshold) return 'PartialDisruption'
  return 'Normal'
}

/** Nodes a second that may be evicted in a zone; 0: none. */
export function evictionRate(state: ZoneState, zoneSize: number, config: DisruptionConfig): number {
  switch (state) {
    case 'Normal':
    case 'FullDisruption':
      return config.rate
    case 'PartialDisruption':
      return zoneSize > config.largeClusterSize ? config.secondaryRate : 0
  }
}

export interface Zones {
  readonly rates: ReadonlyMap<string, number>
  /** Every zone is down: more likely it is us who are cut off, so nobody is evicted. */
  readonly allDown: boolean
}

export function assessZones(nodes: readonly Node[], config: DisruptionConfig): Zones {
  const byZone = new Map<string, Node[]>()
  for (const node of nodes) {
    const zone = zoneOf(node)
    byZone.set(zone, [...(byZone.get(zone) ?? []), node])
  }
  const rates = new Map<string, number>()
  let allDown = byZone.size > 0
  for (const [zone, members] of byZone) {
    const state = zoneState(members, config)
    if (state !== 'FullDisruption') allDown = false
    rates.set(zone, evictionRate(state, members.length, config))
  }
  return { rates, allDown }
}
