import type { ResourcePath, Verb } from '../request/api-request.ts'

/** The verb as upstream's metrics spell it. */
export function operationName(verb: Verb): string {
  const names: Readonly<Record<Verb, string>> = {
    get: 'GET',
    list: 'LIST',
    watch: 'WATCH',
    create: 'POST',
    update: 'PUT',
    patch: 'PATCH',
    delete: 'DELETE',
    deletecollection: 'DELETECOLLECTION',
  }
  return names[verb]
}

/** `resource`, `namespace` or `cluster`: how wide a request is. */
export function namespaceScope({ namespace, name }: ResourcePath): string {
  if (name !== '') return 'resource'
  return namespace === '' ? 'cluster' : 'namespace'
}
