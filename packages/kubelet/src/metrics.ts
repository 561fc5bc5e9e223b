import { MetricsRegistry, registerProcessMetrics } from '@kemu/base'
import type { Kubelet } from './kubelet.ts'

/** Figures of the kubelet, named as upstream's; read when they are asked for. */
export function kubeletMetrics(kubelet: Kubelet): MetricsRegistry {
  const registry = new MetricsRegistry()
  registerProcessMetrics(registry)
  registry.gaugeFrom(
    'kubelet_running_pods',
    '[ALPHA] Number of pods that have a running pod sandbox',
    () => kubelet.pleg.pods.filter(({ sandboxes }) => sandboxes.some(({ ready }) => ready)).length,
  )
  registry.samplesFrom(
    'gauge',
    'kubelet_running_containers',
    '[ALPHA] Number of containers currently running',
    ['container_state'],
    () => containersByState(kubelet),
  )
  registry.gaugeFrom(
    'kubelet_desired_pods',
    '[ALPHA] The number of pods the kubelet is being instructed to run.',
    () => kubelet.registry.list().length,
  )
  registry.gaugeFrom(
    'kubelet_mirror_pods',
    '[ALPHA] The number of mirror pods the kubelet will try to create (one per admitted static pod)',
    () => kubelet.registry.mirrors().length,
  )
  registry.gaugeFrom(
    'kubelet_pleg_last_seen_seconds',
    '[ALPHA] Timestamp in seconds when PLEG was last seen active.',
    () => Math.floor(kubelet.pleg.lastRelistAtMs / 1000),
  )
  registry
    .gauge('kubelet_node_name', "[ALPHA] The node's name. The count is always 1.", ['node'])
    .set(1, [kubelet.place.nodeName])
  return registry
}

function containersByState(kubelet: Kubelet): { labels: string[]; value: number }[] {
  const counts = new Map<string, number>()
  for (const { containers } of kubelet.pleg.pods)
    for (const { state } of containers) counts.set(state, (counts.get(state) ?? 0) + 1)
  return [...counts].map(([state, value]) => ({ labels: [state], value }))
}
