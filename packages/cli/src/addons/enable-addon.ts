import { daemonSets, deployments, nodes } from '@kemu/api'
import type { DaemonSet, Deployment, Node } from '@kemu/api'
import type { Client } from '@kemu/client'
import { enforce } from '@kemu/kubeadm'
import type { Applied } from '@kemu/kubeadm'
import { isRolledOut, waitFor } from '../cluster/wait.ts'
import { objectsOf } from './addon.ts'
import type { Addon } from './addon.ts'

const controlPlaneLabel = 'node-role.kubernetes.io/control-plane'

/** Applies the add-on's objects; what stands already is made what the manifest says. */
export async function applyAddon(client: Client, addon: Addon): Promise<void> {
  const objects = objectsOf(addon)
  const isNamespace = ({ type }: Applied): boolean => type.kind === 'Namespace'
  await enforce(client, objects.filter(isNamespace))
  const { items } = await client.resource(nodes).list()
  const rest = objects.filter((each) => !isNamespace(each))
  await enforce(client, placeObjects(rest, items))
}

/** Data that lie on a node are found again: with several hosts of the control plane, Deployments go to the first. */
export function placeObjects(objects: readonly Applied[], all: readonly Node[]): Applied[] {
  const home = homeOf(all)
  return objects.map((each) => (home === undefined ? each : atHome(each, home)))
}

/** The first of several hosts of the control plane; with one, the manifest says enough. */
function homeOf(all: readonly Node[]): string | undefined {
  const names = all
    .filter(({ metadata }) => metadata.labels?.[controlPlaneLabel] !== undefined)
    .map(({ metadata }) => metadata.name)
    .sort()
  return names.length > 1 ? names[0] : undefined
}

function atHome({ type, object }: Applied, node: string): Applied {
  if (type.kind !== 'Deployment') return { type, object }
  const deployment = object as Deployment
  const { template, ...spec } = deployment.spec
  const nodeSelector = { ...template.spec!.nodeSelector, 'kubernetes.io/hostname': node }
  const moved = { ...template, spec: { ...template.spec, nodeSelector } }
  return { type, object: { ...object, spec: { ...spec, template: moved } } as Applied['object'] }
}

/** Resolves when all pods of the add-on run and are ready. */
export async function addonReady(
  client: Client,
  { namespace }: Addon,
  signal: AbortSignal,
): Promise<void> {
  await waitFor(client, deployments, namespace, (all) => all.every(isRolledOut), signal)
  await waitFor(client, daemonSets, namespace, (all) => all.every(isEverywhere), signal)
}

function isEverywhere({ metadata, status }: DaemonSet): boolean {
  return (
    (status?.observedGeneration ?? 0) >= (metadata.generation ?? 0) &&
    (status?.updatedNumberScheduled ?? 0) === (status?.desiredNumberScheduled ?? -1) &&
    (status?.numberReady ?? 0) === (status?.desiredNumberScheduled ?? -1)
  )
}
