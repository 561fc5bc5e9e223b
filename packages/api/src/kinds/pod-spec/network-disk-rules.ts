import type { Volume } from '../../generated/types.ts'
import type { FieldError } from '../../status-error.ts'
import { fieldRequired } from '../../validation/field-error.ts'
import type { FieldPath } from '../../validation/field-path.ts'

type Field = Exclude<keyof Volume, 'name' | 'emptyDir'>

interface DiskRule {
  readonly field: Field
  readonly pathName?: string
  validate(source: never, path: FieldPath): FieldError[]
}

/** Disks that only a storage system can serve: what each must state. */
const requiredFields: Partial<Record<Field, readonly string[]>> = {
  gitRepo: ['repository'],
  gcePersistentDisk: ['pdName'],
  awsElasticBlockStore: ['volumeID'],
  iscsi: ['targetPortal', 'iqn'],
  glusterfs: ['endpoints', 'path'],
  rbd: ['monitors', 'image'],
  cinder: ['volumeID'],
  cephfs: ['monitors'],
  quobyte: ['registry', 'volume'],
  flexVolume: ['driver'],
  azureFile: ['secretName', 'shareName'],
  vsphereVolume: ['volumePath'],
  photonPersistentDisk: ['pdID'],
  portworxVolume: ['volumeID'],
  azureDisk: ['diskName', 'diskURI'],
  scaleIO: ['gateway', 'system', 'volumeName'],
  csi: ['driver'],
}

const pathNames: Partial<Record<Field, string>> = { gcePersistentDisk: 'persistentDisk' }

export function networkDiskRules(fields: readonly Field[]): DiskRule[] {
  return fields.map((field) => ({
    field,
    ...(pathNames[field] !== undefined && { pathName: pathNames[field] }),
    validate: (source: never, path: FieldPath) => validateRequired(field, source, path),
  }))
}

function validateRequired(
  field: Field,
  source: Readonly<Record<string, unknown>>,
  path: FieldPath,
): FieldError[] {
  return (requiredFields[field] ?? [])
    .filter((name) => {
      const value = source[name]
      return value === undefined || value === '' || (Array.isArray(value) && value.length === 0)
    })
    .map((name) => fieldRequired(path.child(name)))
}
