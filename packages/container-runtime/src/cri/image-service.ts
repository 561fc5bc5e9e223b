import { statfsSync } from 'node:fs'
import type { Handlers, Message } from '@kemu/rpc'
import type { Image, ImageFilter, ImageServiceMethods } from '@kemu/rpc/cri'
import type { ImageStore, StoredImage } from '../images/image-store.ts'
import type { Timestamps } from '../logs/timestamps.ts'
import { invalid } from './errors.ts'

export interface ImageServiceDeps {
  readonly images: ImageStore
  readonly timestamps: Timestamps
  /** The directory whose file system holds images and containers. */
  readonly root: string
  /** A container runs, or ran and is not removed, from the image. */
  readonly isUsed: (imageId: string) => boolean
}

/** CRI's ImageService over the node's list of images. */
export function imageService(deps: ImageServiceDeps): Handlers<ImageServiceMethods> {
  const { images } = deps
  const list = (filter: ImageFilter | null | undefined): Message<Image>[] => {
    const wanted = filter?.image?.image ?? ''
    if (wanted === '') return images.list().map(viewImage)
    const found = images.find(wanted)
    return found ? [viewImage(found)] : []
  }
  return {
    ListImages: ({ filter }) => ({ images: list(filter) }),
    StreamImages: ({ filter }, call) => {
      call.write({ images: list(filter) })
      call.end()
    },
    ImageStatus: ({ image, verbose }) => {
      const found = images.find(image?.image ?? '')
      if (!found) return { image: null }
      return {
        image: viewImage(found),
        info: verbose
          ? { info: JSON.stringify({ imageSpec: { config: found.definition.config } }) }
          : {},
      }
    },
    PullImage: ({ image }) => {
      if (!image?.image) throw invalid('image reference must not be empty')
      return { imageRef: images.pull(image.image).id }
    },
    RemoveImage: ({ image }) => {
      images.remove(image?.image ?? '', deps.isUsed)
      return {}
    },
    ImageFsInfo: () => {
      const usage = {
        timestamp: deps.timestamps.nowNs().toString(),
        fsId: { mountpoint: deps.root },
        usedBytes: {
          value: String(images.list().reduce((sum, i) => sum + i.definition.sizeBytes, 0)),
        },
        inodesUsed: { value: String(usedInodes(deps.root)) },
      }
      return { imageFilesystems: [usage], containerFilesystems: [usage] }
    },
  }
}

function usedInodes(path: string): number {
  const { files, ffree } = statfsSync(path)
  return files - ffree
}

function viewImage(image: StoredImage): Message<Image> {
  const { user } = image.definition.config
  const uid = /^(\d+)(?::|$)/.exec(user)?.[1]
  return {
    id: image.id,
    repoTags: [...image.repoTags],
    repoDigests: [...image.repoDigests],
    size: String(image.definition.sizeBytes),
    uid: uid === undefined ? null : { value: uid },
    username: uid === undefined ? user : '',
    spec: { image: '' },
    pinned: image.pinned,
  }
}
