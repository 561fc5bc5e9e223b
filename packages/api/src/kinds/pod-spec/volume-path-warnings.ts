import type { Volume, VolumeProjection } from '../../generated/types.ts'
import { goQuote } from '../../go-text.ts'

interface PlacedPath {
  readonly path: string
  readonly source: string
}

/** Two items of one volume that want the same file, or one a file where the other wants a directory. */
export function volumePathWarnings(volumes: readonly Volume[]): string[] {
  return volumes.flatMap((volume) => {
    const { name, configMap, secret, downwardAPI, projected } = volume
    return [
      ...overlaps(name, `ConfigMap ${goQuote(configMap?.name ?? '')}`, paths(configMap?.items, '')),
      ...overlaps(name, `Secret ${goQuote(secret?.secretName ?? '')}`, paths(secret?.items, '')),
      ...overlaps(name, 'DownwardAPI', paths(downwardAPI?.items, '')),
      ...(projected ? projectedWarnings(name, projected.sources ?? []) : []),
    ]
  })
}

function projectedWarnings(volume: string, sources: readonly VolumeProjection[]): string[] {
  const empty = sources
    .filter((source) => Object.keys(source).length === 0)
    .map(() => `volume ${goQuote(volume)} (Projected) has no sources provided`)
  return [...empty, ...overlaps(volume, 'Projected', sources.flatMap(pathsOf))]
}

function pathsOf(source: VolumeProjection): PlacedPath[] {
  const { configMap, secret, downwardAPI, serviceAccountToken } = source
  if (configMap?.items) return paths(configMap.items, `ConfigMap ${goQuote(configMap.name ?? '')}`)
  if (secret?.items) return paths(secret.items, `Secret ${goQuote(secret.name ?? '')}`)
  if (downwardAPI?.items) return paths(downwardAPI.items, 'DownwardAPI')
  return serviceAccountToken
    ? [{ path: trimEnd(serviceAccountToken.path), source: 'ServiceAccountToken' }]
    : []
}

function paths(items: readonly { path: string }[] | undefined, source: string): PlacedPath[] {
  return (items ?? []).map(({ path }) => ({ path: trimEnd(path), source }))
}

function trimEnd(path: string): string {
  return path.replace(/\/+$/, '')
}

function overlaps(volume: string, description: string, placed: readonly PlacedPath[]): string[] {
  return placed.flatMap((item, i) =>
    placed
      .slice(0, i)
      .filter((other) => collide(item.path, other.path))
      .map(
        (other) =>
          `volume ${goQuote(volume)} (${description}): overlapping paths: ${shown(item)} with ${shown(other)}`,
      ),
  )
}

function collide(a: string, b: string): boolean {
  if (a === '' || b === '') return false
  return `${a}/`.startsWith(`${b}/`) || `${b}/`.startsWith(`${a}/`)
}

function shown({ path, source }: PlacedPath): string {
  return source === '' ? goQuote(path) : `${goQuote(path)} (${source})`
}
