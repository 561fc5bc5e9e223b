import type { ResourceClaimStatus, ResourceResourceClaim } from '../../../generated/types.ts'

export interface DeviceId {
  readonly driver: string
  readonly pool: string
  readonly device: string
  readonly shareID?: string
}

/** One device, or a share of one, as messages name it. */
export function deviceIdOf({ driver, pool, device, shareID = '' }: DeviceId): object {
  return { Driver: driver, Pool: pool, Device: device, ShareID: shareID }
}

export function allocatedDevices({ allocation }: ResourceClaimStatus): ReadonlySet<string> {
  return new Set(allocation?.devices?.results?.map(deviceKeyOf))
}

export function deviceKeyOf(device: DeviceId): string {
  return JSON.stringify(deviceIdOf(device))
}

/** What drivers said of devices that the claim has no longer goes with them. */
export function dropFreedDevices(
  { status }: ResourceResourceClaim,
  old: ResourceResourceClaim,
): void {
  const current = allocatedDevices(status)
  const freed = [...allocatedDevices(old.status)].filter((id) => !current.has(id))
  if (freed.length === 0 || !status.devices) return
  const devices = status.devices.filter((device) => !freed.includes(deviceKeyOf(device)))
  if (devices.length > 0) status.devices = devices
  else delete status.devices
}
