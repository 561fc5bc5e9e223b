import type { Logger } from '@kemu/base'
import { RpcError, status } from '@kemu/rpc'
import type { Handlers } from '@kemu/rpc'
import type { ImagesMethods, LoadRequest } from '@kemu/rpc/images'
import type { LoadedImages } from './loaded-images.ts'

/** The service by which `kemu image load` brings archives (proto/kemu/images.proto). */
export function imageLoading(images: LoadedImages, logger: Logger): Handlers<ImagesMethods> {
  return {
    Load: async (requests) => {
      try {
        return { images: await load(images, requests, logger) }
      } catch (error) {
        const message = error instanceof Error ? error.message : String(error)
        throw new RpcError(status.INVALID_ARGUMENT, message)
      }
    },
  }
}

interface LoadedView {
  readonly id: string
  readonly names: string[]
  readonly sizeBytes: string
}

async function load(
  images: LoadedImages,
  requests: AsyncIterable<LoadRequest>,
  logger: Logger,
): Promise<LoadedView[]> {
  const messages = requests[Symbol.asyncIterator]()
  const first = await messages.next()
  if (first.done) throw new RpcError(status.INVALID_ARGUMENT, 'the archive is empty')
  const { tag, chunk } = first.value
  const loaded = await images.load(chunks(chunk, messages), tag)
  logger.info('Images loaded', { images: loaded.flatMap(({ names }) => names) })
  return loaded.map(({ id, names, sizeBytes }) => ({ id, names, sizeBytes: String(sizeBytes) }))
}

async function* chunks(first: Buffer, rest: AsyncIterator<LoadRequest>): AsyncGenerator<Buffer> {
  if (first.length > 0) yield first
  for (let next = await rest.next(); !next.done; next = await rest.next()) yield next.value.chunk
}
