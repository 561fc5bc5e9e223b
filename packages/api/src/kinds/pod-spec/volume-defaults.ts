import type { DownwardAPIVolumeFile, ProjectedVolumeSource, Volume } from '../../generated/types.ts'
import { setClaimSpecDefaults } from '../core/persistent-volume-claim/defaults.ts'
import { defaultImagePullPolicy } from './image-name.ts'

/** 0644: Secret-, ConfigMap-, DownwardAPI- and ProjectedVolumeSourceDefaultMode */
const fileMode = 0o644
/** SetDefaults_ServiceAccountTokenProjection */
const tokenSeconds = 3600

/** A volume without a source is an emptyDir; what each source leaves out. */
export function defaultVolume(volume: Volume): void {
  if (Object.keys(volume).every((key) => key === 'name')) volume.emptyDir = {}
  if (volume.hostPath) volume.hostPath.type ??= ''
  if (volume.secret) volume.secret.defaultMode ??= fileMode
  if (volume.configMap) volume.configMap.defaultMode ??= fileMode
  if (volume.image) volume.image.pullPolicy ||= defaultImagePullPolicy(volume.image.reference ?? '')
  if (volume.downwardAPI) {
    volume.downwardAPI.defaultMode ??= fileMode
    defaultFieldRefs(volume.downwardAPI.items)
  }
  if (volume.projected) defaultProjected(volume.projected)
  defaultClaim(volume)
  defaultNetworkDisk(volume)
}

function defaultProjected(projected: ProjectedVolumeSource): void {
  projected.defaultMode ??= fileMode
  for (const { downwardAPI, serviceAccountToken } of projected.sources ?? []) {
    defaultFieldRefs(downwardAPI?.items)
    if (serviceAccountToken) serviceAccountToken.expirationSeconds ??= tokenSeconds
  }
}

function defaultFieldRefs(items: readonly DownwardAPIVolumeFile[] | undefined): void {
  for (const { fieldRef } of items ?? []) if (fieldRef) fieldRef.apiVersion ||= 'v1'
}

function defaultClaim({ ephemeral }: Volume): void {
  const spec = ephemeral?.volumeClaimTemplate?.spec
  if (spec) setClaimSpecDefaults(spec)
}

type NetworkDisks = Pick<Volume, 'iscsi' | 'rbd' | 'azureDisk' | 'scaleIO'>

/** Of pods' volumes and of persistent ones. */
export function defaultNetworkDisk({ iscsi, rbd, azureDisk, scaleIO }: NetworkDisks): void {
  if (iscsi) iscsi.iscsiInterface ||= 'default'
  if (rbd) {
    rbd.pool ||= 'rbd'
    rbd.user ||= 'admin'
    rbd.keyring ||= '/etc/ceph/keyring'
  }
  if (azureDisk) {
    azureDisk.cachingMode ??= 'ReadWrite'
    azureDisk.fsType ??= 'ext4'
    azureDisk.readOnly ??= false
    azureDisk.kind ??= 'Shared'
  }
  if (scaleIO) {
    scaleIO.storageMode ||= 'ThinProvisioned'
    scaleIO.fsType ||= 'xfs'
  }
}
