/**
 * Uploads by @grpc/grpc-js: calls whose requests are a stream. Only a person's command makes them, so what grpc-js and
 * @grpc/proto-loader cost to load is on no start's way (docs/adr/0022).
 */
import { Client, credentials, Metadata } from '@grpc/grpc-js'
import type { ClientWritableStream } from '@grpc/grpc-js'
import type { ClientStream, Message, Service } from './service.ts'

export type Upload<Request> = ClientWritableStream<Message<Request>>

type Uploads<Methods> = {
  [Name in keyof Methods]: Methods[Name] extends ClientStream<infer I, infer O>
    ? (reply: (error: Error | null, response?: O) => void) => Upload<I>
    : never
}

export class UploadChannel {
  readonly #client: Client

  /** `target` is `unix:///path` or `host:port`. */
  constructor(target: string) {
    this.#client = new Client(target, credentials.createInsecure())
  }

  service<Methods>(service: Service<Methods>): Uploads<Methods> {
    const callers = Object.entries(service.definition()).map(([name, method]) => [
      name,
      (reply: (error: Error | null, response?: unknown) => void) =>
        this.#client.makeClientStreamRequest(
          method.path,
          method.requestSerialize,
          method.responseDeserialize,
          new Metadata(),
          (error, response) =>
            error ? reply(new Error(error.details, { cause: error })) : reply(null, response),
        ),
    ])
    return Object.fromEntries(callers) as Uploads<Methods>
  }

  close(): void {
    this.#client.close()
  }
}
