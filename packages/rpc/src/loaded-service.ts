import { fromJSON } from '@grpc/proto-loader'
import type { PackageDefinition } from '@grpc/proto-loader'
import type { Service, ServiceDefinition } from './service.ts'

/** 64-bit integers travel as decimal strings in JavaScript: leases and member ids exceed 2^53. */
export const loaderOptions = {
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
export function loadedService<Methods>(name: string, descriptor: string): Service<Methods> {
  return {
    name,
    definition: () => {
      let definitions = loaded.get(descriptor)
      if (!definitions) {
        definitions = fromJSON(JSON.parse(descriptor), loaderOptions)
        loaded.set(descriptor, definitions)
      }
      return definitions[name] as ServiceDefinition
    },
  }
}
