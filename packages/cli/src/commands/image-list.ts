import { CriClient } from '@kemu/container-runtime/client'
import { ClusterDirectory } from '../cluster/cluster-directory.ts'
import { print } from '../output/print.ts'
import { formatTable } from '../output/table.ts'
import { chooseHosts, runtimeSocket } from './image-load.ts'
import type { ImageOptions } from './image-load.ts'

/** `kemu image list`: what each host has, as its container runtime tells. */
export async function imageList(options: ImageOptions): Promise<void> {
  const directory = new ClusterDirectory(options.name)
  const rows: string[][] = []
  for (const host of chooseHosts(directory, options)) {
    const cri = new CriClient(runtimeSocket(directory, host))
    try {
      const { images } = await cri.images.ListImages({})
      for (const { id, repoTags, size } of images)
        for (const tag of repoTags)
          rows.push([
            host.name,
            tag,
            id.slice('sha256:'.length, 'sha256:'.length + 12),
            megabytes(size),
          ])
    } finally {
      cri.close()
    }
  }
  print(formatTable(['HOST', 'IMAGE', 'ID', 'SIZE'], rows))
}

function megabytes(bytes: string): string {
  return `${(Number(bytes) / 1e6).toFixed(1)}MB`
}
