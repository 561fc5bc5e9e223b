import { existsSync, readFileSync } from 'node:fs'
import { places } from '@kemu/host'
import type { HostConfig } from '@kemu/host'

/** The host that this machine (a container, or who was entered) is; undefined where hosts are directories. */
export function thisHost(): HostConfig | undefined {
  if (!existsSync(places.hostConfig)) return undefined
  return JSON.parse(readFileSync(places.hostConfig, 'utf8')) as HostConfig
}
