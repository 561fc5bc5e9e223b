import { readFileSync, statfsSync } from 'node:fs'
import { arch, availableParallelism, release, totalmem } from 'node:os'

/** What the machine is, read once at start. */
export interface Machine {
  readonly cpus: number
  readonly memoryBytes: number
  readonly diskBytes: number
  readonly machineId: string
  readonly systemUuid: string
  readonly bootId: string
  readonly kernelVersion: string
  readonly osImage: string
  /** Go's word: amd64, arm64. */
  readonly architecture: string
}

/** `diskPath` is a path on the file system whose size counts as ephemeral storage. */
export function readMachine(diskPath: string): Machine {
  const disk = statfsSync(diskPath)
  return {
    cpus: availableParallelism(),
    memoryBytes: totalmem(),
    diskBytes: disk.blocks * disk.bsize,
    machineId: firstOf(['/etc/machine-id', '/var/lib/dbus/machine-id']),
    systemUuid: firstOf(['/sys/class/dmi/id/product_uuid', '/etc/machine-id']),
    bootId: firstOf(['/proc/sys/kernel/random/boot_id']),
    kernelVersion: release(),
    osImage: osName(firstOf(['/etc/os-release', '/usr/lib/os-release'])),
    architecture: goArchitecture(arch()),
  }
}

function firstOf(paths: readonly string[]): string {
  for (const path of paths) {
    try {
      const text = readFileSync(path, 'utf8').trim()
      if (text !== '') return text
    } catch {
      // Not on this machine, or not for this user: the next one.
    }
  }
  return ''
}

function osName(text: string): string {
  return /^PRETTY_NAME="?([^"\n]*)"?$/m.exec(text)?.[1] ?? 'Linux'
}

function goArchitecture(name: string): string {
  const names: Readonly<Record<string, string>> = { x64: 'amd64', ia32: '386' }
  return names[name] ?? name
}
