import { ServerReflectionService } from '@kemu/rpc/grpc-codec'
import type { ServerReflectionRequest, ServerReflectionResponse } from '@kemu/rpc/grpc-codec'
import type { FileDescriptor } from '@kemu/rpc/descriptors'
import type { Init } from '@kemu/rpc/protobuf'
import type { Call, GrpcServer, StreamHandler } from '../grpc/server.ts'
import { code } from '../grpc/status.ts'

type Request = ServerReflectionRequest
type Response = ServerReflectionResponse

/** gRPC's reflection service, in version 1 and in the older one that says the same. */
export function addReflection(server: GrpcServer): void {
  const { ServerReflectionInfo } = ServerReflectionService
  const path = '/grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo'
  for (const method of [ServerReflectionInfo, { ...ServerReflectionInfo, path }]) {
    server.stream(method, answerInOrder)
  }
}

function answerInOrder(call: Call<Response>): StreamHandler<Request> {
  let last = Promise.resolve()
  return {
    onMessage(request) {
      last = last
        // Loaded when somebody asks: nothing else needs it.
        .then(async () => (await import('@kemu/rpc/descriptors')).fileDescriptors)
        .then((files) => call.write(answer(request, files)))
        .catch((error: unknown) => call.fail(error))
    },
    onEnd() {
      void last.then(() => call.end())
    },
    onAbort() {},
    onDrain() {},
  }
}

/** What the server knows about a name. */
export function answer(request: Request, files: readonly FileDescriptor[]): Init<Response> {
  return { validHost: request.host, originalRequest: request, ...content(request, files) }
}

function content(request: Request, files: readonly FileDescriptor[]): Init<Response> {
  const { fileByFilename, fileContainingSymbol, listServices, allExtensionNumbersOfType } = request
  if (listServices !== undefined) {
    const names = files.flatMap(({ services }) => services)
    const service = [...names, alphaService].sort().map((name) => ({ name }))
    return { listServicesResponse: { service } }
  }
  if (fileByFilename !== undefined) {
    return found(fileByFilename, files, ({ name }) => name === fileByFilename)
  }
  if (fileContainingSymbol !== undefined) {
    const symbol = fileContainingSymbol.replace('.v1alpha.', '.v1.')
    return found(fileContainingSymbol, files, (file) => holds(file, symbol))
  }
  if (allExtensionNumbersOfType !== undefined) return notFound(allExtensionNumbersOfType)
  return notFound(request.fileContainingExtension?.containingType ?? '')
}

const alphaService = 'grpc.reflection.v1alpha.ServerReflection'

/** A symbol may lie inside a message that the file declares. */
function holds({ symbols }: FileDescriptor, symbol: string): boolean {
  return symbols.some((own) => symbol === own || symbol.startsWith(`${own}.`))
}

/** The file and, as a client that asked for one would ask next, all that it imports. */
function found(
  what: string,
  files: readonly FileDescriptor[],
  isWanted: (file: FileDescriptor) => boolean,
): Init<Response> {
  const first = files.find(isWanted)
  if (!first) return notFound(what)
  const all = new Set([first])
  for (const file of all) {
    for (const name of file.dependencies) {
      const dependency = files.find((other) => other.name === name)
      if (dependency) all.add(dependency)
    }
  }
  const fileDescriptorProto = [...all].map(({ bytes }) =>
    Buffer.from(bytes, 'base64').toString('latin1'),
  )
  return { fileDescriptorResponse: { fileDescriptorProto } }
}

function notFound(what: string): Init<Response> {
  return { errorResponse: { errorCode: code.NOT_FOUND, errorMessage: `not found: ${what}` } }
}
