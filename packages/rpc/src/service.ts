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

/** What grpc-js needs to know of a method. */
export interface MethodDefinition {
  readonly path: string
  readonly requestStream: boolean
  readonly responseStream: boolean
  readonly requestSerialize: (message: object) => Buffer
  readonly requestDeserialize: (bytes: Buffer) => object
  readonly responseSerialize: (message: object) => Buffer
  readonly responseDeserialize: (bytes: Buffer) => object
}

export type ServiceDefinition = Readonly<Record<string, MethodDefinition>>
