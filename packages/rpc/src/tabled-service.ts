import type { MethodDefinition, Service, ServiceDefinition } from './service.ts'
import type { TableCodecs } from './table-codec.ts'

/** A method by the names of its messages; `>` before a name: a stream of them. */
export type MethodTable = readonly [request: string, response: string]

/** A service whose messages are tables, in the same shape as a loaded one (docs/adr/0004). */
export function tabledService<Methods>(
  name: string,
  codecs: TableCodecs,
  methods: Readonly<Record<string, MethodTable>>,
): Service<Methods> {
  let definition: ServiceDefinition | undefined
  return {
    name,
    definition: () =>
      (definition ??= Object.fromEntries(
        Object.entries(methods).map(([method, table]) => [
          method,
          methodDefinition(`/${name}/${method}`, codecs, table),
        ]),
      )),
  }
}

function methodDefinition(
  path: string,
  codecs: TableCodecs,
  [request, response]: MethodTable,
): MethodDefinition {
  const asks = codecs.of(request.replace('>', ''))
  const answers = codecs.of(response.replace('>', ''))
  return {
    path,
    requestStream: request.startsWith('>'),
    responseStream: response.startsWith('>'),
    requestSerialize: (message) => asks.encode(message),
    requestDeserialize: (bytes) => asks.decode(bytes),
    responseSerialize: (message) => answers.encode(message),
    responseDeserialize: (bytes) => answers.decode(bytes),
  }
}
