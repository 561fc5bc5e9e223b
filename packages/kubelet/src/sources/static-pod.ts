import { createHash } from 'node:crypto'
import { formatTime } from '@kemu/api'
import type { Pod } from '@kemu/api'
import { parseYaml } from '@kemu/api/yaml'
import { configSourceAnnotation } from '../status/phase.ts'
import { defaultedPodSpec, withNodeTolerations } from './pod-defaults.ts'

export const configHashAnnotation = 'kubernetes.io/config.hash'
const configSeenAnnotation = 'kubernetes.io/config.seen'
export const configMirrorAnnotation = 'kubernetes.io/config.mirror'

/** A manifest that gives no pod; the message names the file. */
class ManifestError extends Error {
  override name = 'ManifestError'
}

export interface Manifest {
  readonly path: string
  readonly text: string
  /** Shown as the moment when this kubelet first saw it. */
  readonly seenAtMs: number
}

/**
 * The static pod that a manifest stands for. Its UID is a digest of file, node and content, so that
 * it is the same after a restart and another one after an edit (applyDefaults,
 * pkg/kubelet/config/common.go).
 */
export function readStaticPod(manifest: Manifest, nodeName: string): Pod {
  const document = parse(manifest)
  const { metadata, spec } = document
  const uid = metadata.uid ?? digest(manifest, nodeName, document)
  const pod: Pod = {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: {
      ...metadata,
      name: `${metadata.name}-${nodeName.toLowerCase()}`,
      namespace: metadata.namespace || 'default',
      uid,
      resourceVersion: '',
      creationTimestamp: formatTime(manifest.seenAtMs),
      annotations: {
        ...metadata.annotations,
        [configHashAnnotation]: uid,
        [configSeenAnnotation]: new Date(manifest.seenAtMs).toISOString(),
        [configSourceAnnotation]: 'file',
      },
    },
    spec: { ...defaultedPodSpec(spec), nodeName },
    status: { phase: 'Pending' },
  }
  refuseApiReferences(manifest, pod)
  return withNodeTolerations(pod)
}

function parse(manifest: Manifest): Pod {
  let document: unknown
  try {
    document = parseYaml(manifest.text)
  } catch (error) {
    throw new ManifestError(`${manifest.path}: ${(error as Error).message}`, { cause: error })
  }
  const pod = document as Partial<Pod> | undefined | null
  if (pod?.kind !== 'Pod' || pod.apiVersion !== 'v1')
    throw new ManifestError(`${manifest.path}: is no Pod of v1`)
  if (!pod.metadata?.name || !Array.isArray(pod.spec?.containers))
    throw new ManifestError(`${manifest.path}: a pod needs metadata.name and spec.containers`)
  return pod as Pod
}

function digest(manifest: Manifest, nodeName: string, document: Pod): string {
  const hash = createHash('md5')
  hash.update(JSON.stringify(document))
  hash.update(`host:${nodeName}\nfile:${manifest.path}`)
  return hash.digest('hex')
}

/** A static pod starts without an API server, so it may not need one. */
function refuseApiReferences({ path }: Manifest, pod: Pod): void {
  const refuse = (what: string): never => {
    throw new ManifestError(`${path}: static pods may not reference ${what}`)
  }
  if (pod.spec.serviceAccountName) refuse('serviceaccounts')
  for (const volume of pod.spec.volumes ?? []) {
    if (volume.configMap) refuse('configmaps')
    if (volume.secret) refuse('secrets')
    if (volume.persistentVolumeClaim) refuse('persistentvolumeclaims')
    for (const source of volume.projected?.sources ?? []) {
      if (source.configMap) refuse('configmaps')
      if (source.secret) refuse('secrets')
      if (source.serviceAccountToken) refuse('serviceaccounts')
    }
  }
  for (const container of [...pod.spec.containers, ...(pod.spec.initContainers ?? [])]) {
    for (const { configMapRef, secretRef } of container.envFrom ?? []) {
      if (configMapRef) refuse('configmaps')
      if (secretRef) refuse('secrets')
    }
    for (const { valueFrom } of container.env ?? []) {
      if (valueFrom?.configMapKeyRef) refuse('configmaps')
      if (valueFrom?.secretKeyRef) refuse('secrets')
    }
  }
}

export function isMirrorPod(pod: Pod): boolean {
  return pod.metadata.annotations?.[configMirrorAnnotation] !== undefined
}
