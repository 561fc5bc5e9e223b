import { existsSync } from 'node:fs'
import { hostname } from 'node:os'
import { join } from 'node:path'

/**
 * What a built-in program knows of the pod that it runs in. All of it comes by environment (process/launch-plan.ts), so
 * the same program runs with a network namespace of its own and on loopback addresses.
 */
export interface Surroundings {
  /** Where to listen; undefined is every address, which only a pod with a namespace of its own may. */
  readonly bindAddress: string | undefined
  /** The pod's name. */
  readonly hostname: string
  /** The image's tag, `v1` or `2.4.66`. */
  readonly version: string
  /** Ports below it are opened 20000 higher. */
  readonly portFloor: number
  /** Where the container's `/` really is; empty when it is `/`. */
  readonly rootPrefix: string
  readonly hostsFile: string
  readonly resolvConf: string
}

type Environment = Readonly<Record<string, string | undefined>>

export function readSurroundings(env: Environment = process.env): Surroundings {
  return {
    bindAddress: env['KEMU_POD_IP'] || undefined,
    hostname: env['HOSTNAME'] || hostname(),
    version: env['KEMU_IMAGE_VERSION'] ?? '',
    portFloor: Number(env['KEMU_PORT_FLOOR'] ?? 0),
    rootPrefix: env['KEMU_ROOT_PREFIX'] ?? '',
    hostsFile: env['KEMU_HOSTS_FILE'] ?? '/etc/hosts',
    resolvConf: env['KEMU_RESOLV_CONF'] ?? '/etc/resolv.conf',
  }
}

/** Where a path of the container is on this machine: below the prefix when it is there, else where it says. */
export function placeOf({ rootPrefix }: Surroundings, path: string): string {
  if (rootPrefix === '' || !path.startsWith('/')) return path
  const rooted = join(rootPrefix, path)
  return existsSync(rooted) ? rooted : path
}
