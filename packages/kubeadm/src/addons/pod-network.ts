import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import {
  clusterRoleBindings,
  clusterRoles,
  configMaps,
  daemonSets,
  namespaces,
  serviceAccounts,
} from '@kemu/api'
import type { ConfigMap, KubeObject, ResourceType } from '@kemu/api'
import { parseYamlDocuments } from '@kemu/api/yaml'
import { thisProgram } from '@kemu/base'
import { asApplied } from '../apply-object.ts'
import type { Applied } from '../apply-object.ts'
import type { ClusterSpec, PodNetworkChoice } from '../cluster-spec.ts'

/** The manifest that people may apply themselves. */
export function podNetworkManifest(): string {
  return join(thisProgram().root, 'packages/pod-network/manifests/pod-network.yaml')
}

/** Kinds that it may hold. */
const types: Readonly<Record<string, ResourceType<KubeObject>>> = Object.fromEntries(
  [namespaces, serviceAccounts, clusterRoles, clusterRoleBindings, configMaps, daemonSets].map(
    (type) => [type.kind, type as ResourceType<KubeObject>],
  ),
)

/**
 * The manifest's objects for a cluster, in batches: what is in one needs what is in those before it. No batch when the
 * person brings a pod network.
 */
export function podNetwork(spec: ClusterSpec): Applied[][] {
  const choice = spec.podNetwork ?? 'host-gw'
  if (choice === 'none') return []
  const documents = parseYamlDocuments(readFileSync(podNetworkManifest(), 'utf8')) as KubeObject[]
  const objects = documents.map((document) => {
    const type = types[document.kind]
    if (!type) throw new Error(`${podNetworkManifest()}: unexpected kind ${document.kind}`)
    const object = document.kind === 'ConfigMap' ? configured(document, spec, choice) : document
    return { type, object: asApplied(object) }
  })
  const isNamespace = ({ type }: Applied): boolean => type.kind === 'Namespace'
  return [objects.filter(isNamespace), objects.filter((each) => !isNamespace(each))]
}

/** The cluster's own network and the chosen way in net-conf.json. */
function configured(map: ConfigMap, spec: ClusterSpec, choice: PodNetworkChoice): ConfigMap {
  const before = JSON.parse(map.data!['net-conf.json']!) as { Backend: object }
  const netConf = {
    ...before,
    Network: spec.plan.podCidr,
    Backend: { ...before.Backend, Type: choice },
  }
  return { ...map, data: { ...map.data, 'net-conf.json': `${JSON.stringify(netConf, null, 2)}\n` } }
}
