import type { PersistentVolumeClaim, PersistentVolumeClaimSpec } from '../../../generated/types.ts'
import { Quantity } from '../../../quantity.ts'
import { fieldPath } from '../../../validation/field-path.ts'
import type { FieldPath } from '../../../validation/field-path.ts'
import { betaClassAnnotation } from './storage-class-name.ts'

const nanosPerUnit = 1_000_000_000n

export function claimWarnings({ metadata, spec }: PersistentVolumeClaim): string[] {
  const text = 'deprecated since v1.8; use "storageClassName" attribute instead'
  const isOld = metadata.annotations?.[betaClassAnnotation] !== undefined
  return [
    ...(isOld ? [`metadata.annotations[${betaClassAnnotation}]: ${text}`] : []),
    ...claimSpecWarnings(spec, fieldPath('spec')),
  ]
}

export function claimSpecWarnings(spec: PersistentVolumeClaimSpec, path: FieldPath): string[] {
  return (['requests', 'limits'] as const).flatMap((list) => {
    const amount = spec.resources?.[list]?.['storage']
    if (amount === undefined || Quantity.parse(amount).nanos % nanosPerUnit === 0n) return []
    const at = path.child('resources', list).key('storage').toString()
    return [`${at}: fractional byte value "${amount}" is invalid, must be an integer`]
  })
}
