import type { NodeInfo } from '../cache/node-info.ts'
import type { PodInfo } from '../cache/pod-info.ts'
import type { Snapshot } from '../cache/snapshot.ts'
import { maxNodeScore } from '../framework/interface.ts'
import type { NodeScorer, ScorePlugin } from '../framework/interface.ts'

const mebibyte = 1024 * 1024
/** Below 23 MiB in all a node gains nothing, above 1000 MiB a container nothing more (upstream's constants). */
const bytesMin = 23 * mebibyte
const bytesMaxPerContainer = 1000 * mebibyte

/** Prefers nodes that have the pod's images, weighted by how many nodes have them: no heating of one node. */
export class ImageLocality implements ScorePlugin {
  readonly name = 'ImageLocality'

  preScore({ pod }: PodInfo, snapshot: Snapshot): NodeScorer | undefined {
    const containers = [...(pod.spec.initContainers ?? []), ...pod.spec.containers]
    const images = containers.map((container) => normalizedImage(container.image ?? ''))
    if (!images.some((image) => snapshot.image(image))) return undefined
    const bytesMax = bytesMaxPerContainer * containers.length
    return {
      score: (node) => {
        const bytes = Math.min(bytesMax, Math.max(bytesMin, spreadBytes(images, node, snapshot)))
        return Math.floor((maxNodeScore * (bytes - bytesMin)) / (bytesMax - bytesMin))
      },
    }
  }
}

function spreadBytes(images: readonly string[], node: NodeInfo, snapshot: Snapshot): number {
  let sum = 0
  for (const image of images) {
    if (!node.images.has(image)) continue
    const state = snapshot.image(image)!
    sum += Math.floor(state.sizeBytes * (state.nodeCount / snapshot.nodes.length))
  }
  return sum
}

/** Without a tag it is `latest`. */
function normalizedImage(image: string): string {
  return image.lastIndexOf(':') <= image.lastIndexOf('/') ? `${image}:latest` : image
}
