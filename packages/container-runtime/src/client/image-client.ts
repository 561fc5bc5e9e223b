import { createReadStream, existsSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { Images } from '@kemu/rpc/images-loaded'
import type { LoadedImage, LoadRequest, LoadResponse } from '@kemu/rpc/images-loaded'
import { UploadChannel } from '@kemu/rpc/upload'
import type { Upload } from '@kemu/rpc/upload'
import { filesBelow, writeTar } from '../archive/tar-writer.ts'

/** gRPC messages of a comfortable size. */
const chunkBytes = 1 << 18

/**
 * An archive's bytes: the file as it is, or an OCI layout's directory as a tar stream. Throws where it is neither.
 */
export function openArchive(path: string): AsyncIterable<Buffer> {
  if (!statSync(path).isDirectory()) return createReadStream(path, { highWaterMark: chunkBytes })
  if (!existsSync(join(path, 'index.json')) && !existsSync(join(path, 'manifest.json')))
    throw new Error(`${path} is no OCI image layout: it has no index.json`)
  return writeTar(filesBelow(path))
}

/** Brings images to one container runtime of kemu; other runtimes do not serve this. */
export class ImageClient {
  readonly #channel: UploadChannel

  /** `endpoint` is `unix:///run/kemu/containerd.sock` or a bare path. */
  constructor(endpoint: string) {
    const isTarget = endpoint.startsWith('unix:')
    this.#channel = new UploadChannel(isTarget ? endpoint : `unix://${endpoint}`)
  }

  /** Resolves when the images can be used. `tag` names an image that has no name in the archive. */
  load(archive: AsyncIterable<Buffer>, tag = ''): Promise<LoadedImage[]> {
    return new Promise((resolve, reject) => {
      const call = this.#channel.service(Images).Load((error, response?: LoadResponse) => {
        if (error) reject(error)
        else resolve(response?.images ?? [])
      })
      // The reply tells of every failure; a broken pipe on the way is a consequence.
      call.on('error', () => undefined)
      send(call, archive, tag).catch((error: Error) => {
        call.cancel()
        reject(error)
      })
    })
  }

  close(): void {
    this.#channel.close()
  }
}

async function send(
  call: Upload<LoadRequest>,
  archive: AsyncIterable<Buffer>,
  tag: string,
): Promise<void> {
  for await (const chunk of archive) {
    for (let at = 0; at < chunk.length; at += chunkBytes) {
      const isFull = !call.write({ tag, chunk: chunk.subarray(at, at + chunkBytes) })
      if (isFull) await drained(call)
    }
  }
  call.end()
}

/** Or closed: then the reply tells why. */
function drained(call: Upload<LoadRequest>): Promise<void> {
  return new Promise((resolve) => {
    const done = (): void => {
      call.off('drain', done).off('close', done)
      resolve()
    }
    if (call.destroyed) resolve()
    else call.on('drain', done).on('close', done)
  })
}
