import { createHash } from 'node:crypto'
import type { Init } from '@kemu/rpc/protobuf'
import type { SnapshotRequest, SnapshotResponse } from '@kemu/rpc/etcd-codec'
import type { ServerCall } from '../grpc/call.ts'
import type { Call, StreamHandler } from '../grpc/server.ts'
import type { Member } from '../member/member.ts'
import { beginSnapshot } from '../snapshot/snapshot-writer.ts'
import { storageVersion } from '../version.ts'

const backlogBytesMax = 1 << 20
/** etcdctl takes a file for whole when its size is a multiple of this and a SHA-256 behind it. */
const pageBytes = 512

/** Sends the whole state, padded to full pages, and its SHA-256; what `kemu etcd restore` reads. */
export class SnapshotStream implements StreamHandler<SnapshotRequest> {
  readonly #call: Call<SnapshotResponse>
  readonly #member: Member
  readonly #hash = createHash('sha256')
  #records: Generator<Buffer> | undefined
  #sentBytes = 0

  readonly #checkAccess: (call: ServerCall) => void

  constructor(
    call: Call<SnapshotResponse>,
    member: Member,
    checkAccess: (call: ServerCall) => void,
  ) {
    this.#call = call
    this.#member = member
    this.#checkAccess = checkAccess
  }

  onMessage(): void {
    try {
      this.#checkAccess(this.#call)
    } catch (error) {
      return this.#call.fail(error)
    }
    const { clusterId, appliedPoint: point, state } = this.#member
    this.#records = beginSnapshot(state, { clusterId, point })
    this.#pump()
  }

  onEnd(): void {}

  onAbort(): void {
    this.#records?.return(undefined)
  }

  onDrain(): void {
    setImmediate(() => this.#pump())
  }

  #pump(): void {
    if (this.#call.isDone || !this.#records) return
    while (this.#call.backlogBytes < backlogBytesMax) {
      const { value, done } = this.#records.next()
      if (done) return this.#finish()
      this.#send(value)
    }
  }

  #finish(): void {
    this.#records = undefined
    const over = this.#sentBytes % pageBytes
    if (over > 0) this.#send(Buffer.alloc(pageBytes - over))
    this.#call.write(this.#response(this.#hash.digest()))
    this.#call.end()
  }

  #send(bytes: Buffer): void {
    this.#hash.update(bytes)
    this.#sentBytes += bytes.length
    this.#call.write(this.#response(bytes))
  }

  #response(bytes: Buffer): Init<SnapshotResponse> {
    const blob = bytes.toString('latin1')
    // How much is to come is known only when it has been sent; a rough guess is better than zero.
    const remainingBytes = Math.max(0, this.#member.state.bytes - this.#sentBytes)
    return { header: this.#member.header(), blob, remainingBytes, version: storageVersion }
  }
}
