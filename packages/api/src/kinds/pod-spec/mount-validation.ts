import type { Container, Volume, VolumeDevice, VolumeMount } from '../../generated/types.ts'
import type { FieldError } from '../../status-error.ts'
import {
  fieldForbidden,
  fieldInvalid,
  fieldNotFound,
  fieldNotSupported,
  fieldRequired,
} from '../../validation/field-error.ts'
import type { FieldPath } from '../../validation/field-path.ts'
import { validateDescendingPath, validateNoBacksteps } from '../rules/local-path.ts'

export type Volumes = ReadonlyMap<string, Volume>

const propagations = ['Bidirectional', 'HostToContainer', 'None']
const recursions = ['Disabled', 'Enabled', 'IfPossible']

/** Where a container sees its volumes; each path once, each volume known. */
export function validateVolumeMounts(
  container: Pick<Container, 'volumeMounts' | 'volumeDevices' | 'securityContext'>,
  volumes: Volumes,
  path: FieldPath,
): FieldError[] {
  // By name: of several paths for one volume upstream sees the last.
  const devices = new Map((container.volumeDevices ?? []).map((d) => [d.name, d.devicePath]))
  const mountPaths = new Set<string>()
  return (container.volumeMounts ?? []).flatMap((mount, i) => {
    const { name, mountPath } = mount
    const at = path.index(i)
    const errors: FieldError[] = []
    if (name === '') errors.push(fieldRequired(at.child('name')))
    if (!volumes.has(name)) errors.push(fieldNotFound(at.child('name'), name))
    if (mountPath === '') errors.push(fieldRequired(at.child('mountPath')))
    if (mountPaths.has(mountPath))
      errors.push(fieldInvalid(at.child('mountPath'), mountPath, 'must be unique'))
    mountPaths.add(mountPath)
    if (devices.has(name))
      errors.push(fieldInvalid(at.child('name'), name, 'must not already exist in volumeDevices'))
    if ([...devices.values()].includes(mountPath)) {
      const text = 'must not already exist as a path in volumeDevices'
      errors.push(fieldInvalid(at.child('mountPath'), mountPath, text))
    }
    return [
      ...errors,
      ...validateSubPaths(mount, at, path),
      ...validateModes(mount, container, path),
    ]
  })
}

// Upstream names some fields without the index of the mount.
function validateSubPaths(
  { subPath, subPathExpr }: VolumeMount,
  at: FieldPath,
  list: FieldPath,
): FieldError[] {
  const errors = subPath ? validateDescendingPath(list.child('subPath'), subPath) : []
  if (!subPathExpr) return errors
  if (subPath) {
    const text = 'subPathExpr and subPath are mutually exclusive'
    errors.push(fieldInvalid(at.child('subPathExpr'), subPathExpr, text))
  }
  return [...errors, ...validateDescendingPath(list.child('subPathExpr'), subPathExpr)]
}

function validateModes(
  { mountPropagation, recursiveReadOnly, readOnly }: VolumeMount,
  { securityContext }: Pick<Container, 'securityContext'>,
  list: FieldPath,
): FieldError[] {
  const errors: FieldError[] = []
  const propagationPath = list.child('mountPropagation')
  if (mountPropagation !== undefined && !propagations.includes(mountPropagation))
    errors.push(fieldNotSupported(propagationPath, mountPropagation, propagations))
  if (mountPropagation === 'Bidirectional' && !securityContext?.privileged) {
    const text = 'Bidirectional mount propagation is available only to privileged containers'
    errors.push(fieldForbidden(propagationPath, text))
  }
  if (recursiveReadOnly === undefined || recursiveReadOnly === 'Disabled') return errors
  const path = list.child('recursiveReadOnly')
  if (!recursions.includes(recursiveReadOnly))
    return [...errors, fieldNotSupported(path, recursiveReadOnly, recursions)]
  if (!readOnly) errors.push(fieldForbidden(path, 'may only be specified when readOnly is true'))
  if (mountPropagation !== undefined && mountPropagation !== 'None') {
    const text = 'may only be specified when mountPropagation is None or not specified'
    errors.push(fieldForbidden(path, text))
  }
  return errors
}

/** Volumes that a container sees as raw devices. */
export function validateVolumeDevices(
  { volumeDevices = [], volumeMounts = [] }: Pick<Container, 'volumeMounts' | 'volumeDevices'>,
  volumes: Volumes,
  path: FieldPath,
): FieldError[] {
  const mounts = new Map(volumeMounts.map((m) => [m.name, m.mountPath]))
  const names = new Set<string>()
  const paths = new Set<string>()
  return volumeDevices.flatMap((device, i) => {
    const { name, devicePath } = device
    const at = path.index(i)
    const errors = validateDeviceName(device, names, volumes, at.child('name'))
    const pathAt = at.child('devicePath')
    if (devicePath === '') errors.push(fieldRequired(pathAt))
    if (paths.has(devicePath)) errors.push(fieldInvalid(pathAt, devicePath, 'must be unique'))
    if (validateNoBacksteps(pathAt, devicePath).length > 0)
      errors.push(fieldInvalid(pathAt, devicePath, "can not contain backsteps ('..')"))
    else paths.add(devicePath)
    if (mounts.has(name))
      errors.push(fieldInvalid(at.child('name'), name, 'must not already exist in volumeMounts'))
    if ([...mounts.values()].includes(devicePath)) {
      const text = 'must not already exist as a path in volumeMounts'
      errors.push(fieldInvalid(pathAt, devicePath, text))
    }
    names.add(name)
    return errors
  })
}

function validateDeviceName(
  { name }: VolumeDevice,
  seen: ReadonlySet<string>,
  volumes: Volumes,
  path: FieldPath,
): FieldError[] {
  const errors = name === '' ? [fieldRequired(path)] : []
  if (name !== '' && seen.has(name)) errors.push(fieldInvalid(path, name, 'must be unique'))
  const volume = volumes.get(name)
  if (!volume) errors.push(fieldNotFound(path, name))
  else if (!volume.persistentVolumeClaim && !volume.ephemeral) {
    const text =
      'can only use volume source type of PersistentVolumeClaim or Ephemeral for block mode'
    errors.push(fieldInvalid(path, name, text))
  }
  return errors
}
