import { fromJSON } from '@grpc/proto-loader'
import type { MethodDefinition, PackageDefinition, ServiceDefinition } from '@grpc/proto-loader'

/** The four shapes of a gRPC method; types only. */
export interface Unary<Request, Response> {
  readonly shape: 'unary'
  readonly request: Request
  readonly response: Response
}
export interface ServerStream<Request, Response> {
  readonly shape: 'serverStream'
  readonly request: Request
  readonly response: Response
}
export interface ClientStream<Request, Response> {
  readonly shape: 'clientStream'
  readonly request: Request
  readonly response: Response
}
export interface Bidi<Request, Response> {
  readonly shape: 'bidi'
  readonly request: Request
  readonly response: Response
}

export type Method =
  | Unary<unknown, unknown>
  | ServerStream<unknown, unknown>
  | ClientStream<unknown, unknown>
  | Bidi<unknown, unknown>

/** A message as a sender may write it: every field is optional, absent is the proto3 default. */
export type Message<T> = T extends Buffer | string | number | boolean
  ? T
  : T extends (infer Item)[]
    ? Message<Item>[]
    : T extends object
      ? { [Key in keyof T]?: Message<T[Key]> | null | undefined }
      : T

/** A gRPC service, known by its full name; its codecs are made when it is first used. */
export interface Service<Methods> {
  readonly name: string
  readonly definition: () => ServiceDefinition
  /** Carries the method table in the type system only. */
  readonly methods?: Methods
}

export type { MethodDefinition, ServiceDefinition }

/** 64-bit integers travel as decimal strings in JavaScript: leases and member ids exceed 2^53. */
const codecOptions = {
  keepCase: true, // the descriptor was compiled with camel-case names already
  longs: String,
  enums: String,
  defaults: true,
  oneofs: true,
}

const loaded = new Map<string, PackageDefinition>()

/**
 * A service of a descriptor compiled ahead by scripts/gen-proto.ts. Loading is put off to first use, because a
 * process imports more services than it speaks and start-up time counts.
 */
export function defineService<Methods>(name: string, descriptor: string): Service<Methods> {
  return {
    name,
    definition: () => {
      let definitions = loaded.get(descriptor)
      if (!definitions) {
        definitions = fromJSON(JSON.parse(descriptor), codecOptions)
        loaded.set(descriptor, definitions)
      }
      return definitions[name] as ServiceDefinition
    },
  }
}
