import { arch } from 'node:os'
import type { ImageConfig } from '../images/image.ts'

/** An image's config with OCI's names (image-spec, config.md), for verbose statuses; what is empty is left out. */
export function ociImageSpec(config: ImageConfig): object {
  const machine = arch()
  const { entrypoint, command, environment, exposedPorts, volumes } = config
  const listed = <T>(list: readonly T[]): readonly T[] | undefined =>
    list.length > 0 ? list : undefined
  const keyed = (keys: readonly string[]): object | undefined =>
    keys.length > 0 ? Object.fromEntries(keys.map((key) => [key, {}])) : undefined
  return {
    architecture: machine === 'x64' ? 'amd64' : machine,
    os: 'linux',
    config: {
      User: config.user || undefined,
      ExposedPorts: keyed(exposedPorts.map((port) => `${port}/tcp`)),
      Env: listed(environment),
      Entrypoint: listed(entrypoint),
      Cmd: listed(command),
      Volumes: keyed(volumes),
      WorkingDir: config.workingDir || undefined,
      StopSignal: config.stopSignal || undefined,
    },
  }
}
