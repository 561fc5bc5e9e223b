import type { Pod, Volume } from '@kemu/api'

/** What of the API a pod needs, in the words of messages; undefined when it needs nothing. */
export function apiReferenceOf({ spec }: Pod): string | undefined {
  if (spec.serviceAccountName) return 'serviceaccounts'
  const containers = [...(spec.initContainers ?? []), ...spec.containers]
  const env = containers.flatMap((container) => container.env ?? [])
  const envFrom = containers.flatMap((container) => container.envFrom ?? [])
  const namesSecret =
    (spec.imagePullSecrets ?? []).length > 0 ||
    env.some(({ valueFrom }) => valueFrom?.secretKeyRef) ||
    envFrom.some(({ secretRef }) => secretRef) ||
    spec.volumes?.some(
      ({ secret, projected }) => secret ?? projected?.sources?.some((s) => s.secret),
    )
  if (namesSecret) return 'secrets'
  const namesConfigMap =
    env.some(({ valueFrom }) => valueFrom?.configMapKeyRef) ||
    envFrom.some(({ configMapRef }) => configMapRef) ||
    spec.volumes?.some(
      ({ configMap, projected }) => configMap ?? projected?.sources?.some((s) => s.configMap),
    )
  if (namesConfigMap) return 'configmaps'
  if ((spec.resourceClaims ?? []).length > 0) return 'resourceclaims'
  for (const volume of spec.volumes ?? []) {
    const reference = volumeReference(volume)
    if (reference !== undefined) return reference
  }
  return undefined
}

function volumeReference(volume: Volume): string | undefined {
  if (volume.csi) return 'csidrivers (via CSI volumes)'
  if (volume.glusterfs) return 'endpoints (via glusterFS volumes)'
  if (volume.persistentVolumeClaim) return 'persistentvolumeclaims'
  if (volume.ephemeral) return 'persistentvolumeclaims (via ephemeral volumes)'
  if (volume.azureFile) return 'secrets (via azureFile volumes)'
  for (const source of volume.projected?.sources ?? []) {
    if (source.serviceAccountToken) return 'serviceaccounts (via projected volumes)'
    if (source.clusterTrustBundle) return 'clustertrustbundles'
    if (source.podCertificate) return 'podcertificates'
  }
  return undefined
}
