import { mkdirSync, statSync, writeFileSync } from 'node:fs'
import type { HostPathVolumeSource } from '@kemu/api'
import { VolumeError } from './payload.ts'

/** Checks, and where the type says so makes, what a hostPath volume names (pkg/volume/hostpath). */
export function prepareHostPath({ path, type = '' }: HostPathVolumeSource, real: string): string {
  if (type === '') return real
  const found = statSync(real, { throwIfNoEntry: false })
  const refuse = (what: string): never => {
    throw new VolumeError(`hostPath type check failed: ${path} is not a ${what}`)
  }
  switch (type) {
    case 'DirectoryOrCreate':
      if (!found) mkdirSync(real, { recursive: true, mode: 0o755 })
      else if (!found.isDirectory()) refuse('directory')
      return real
    case 'FileOrCreate':
      if (!found) writeFileSync(real, '', { mode: 0o644 })
      else if (!found.isFile()) refuse('file')
      return real
    case 'Directory':
      return found?.isDirectory() ? real : refuse('directory')
    case 'File':
      return found?.isFile() ? real : refuse('file')
    case 'Socket':
      return found?.isSocket() ? real : refuse('socket file')
    case 'CharDevice':
      return found?.isCharacterDevice() ? real : refuse('character device')
    case 'BlockDevice':
      return found?.isBlockDevice() ? real : refuse('block device')
    default:
      throw new VolumeError(`${type} is an invalid volume type`)
  }
}
