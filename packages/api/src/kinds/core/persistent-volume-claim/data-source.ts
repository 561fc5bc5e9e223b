import type { PersistentVolumeClaimSpec } from '../../../generated/types.ts'

const snapshotGroup = 'snapshot.storage.k8s.io'

/**
 * Whatever a claim is filled from stands under an old name and a new one; each is copied to the other. The old one
 * alone can name a claim or a snapshot only: anything else was ignored of old, and is (KEP-1495).
 */
export function normalizeDataSources(
  spec: PersistentVolumeClaimSpec,
  old: PersistentVolumeClaimSpec | undefined,
): void {
  const inUse = old?.dataSource !== undefined || old?.dataSourceRef !== undefined
  if (!inUse && !spec.dataSourceRef && !isClaimOrSnapshot(spec)) delete spec.dataSource
  const { dataSource, dataSourceRef } = spec
  if (dataSource && !dataSourceRef) spec.dataSourceRef = { ...dataSource }
  else if (dataSourceRef && !dataSource && !dataSourceRef.namespace) {
    const { namespace: _own, ...local } = dataSourceRef
    spec.dataSource = local
  }
}

function isClaimOrSnapshot({ dataSource }: PersistentVolumeClaimSpec): boolean {
  if (!dataSource) return true
  const { kind, apiGroup = '' } = dataSource
  if (kind === 'PersistentVolumeClaim') return apiGroup === ''
  return kind === 'VolumeSnapshot' && apiGroup === snapshotGroup
}
