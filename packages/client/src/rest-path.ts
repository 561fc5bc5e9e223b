import type {
  DeleteOptions,
  ListOptions,
  PatchOptions,
  ResourcePath,
  WatchOptions,
  WriteOptions,
} from './transport.ts'

/** The URL path of a resource or object. */
export function urlPath(path: ResourcePath): string {
  const parts = path.group === '' ? ['api', path.version] : ['apis', path.group, path.version]
  if (path.namespace !== '') parts.push('namespaces', path.namespace)
  parts.push(path.resource)
  if (path.name !== '') parts.push(path.name)
  if (path.subresource !== '') parts.push(path.subresource)
  return `/${parts.map(encodeURIComponent).join('/')}`
}

type Query = readonly (readonly [name: string, value: string | number | boolean | undefined])[]

export function queryString(query: Query): string {
  const given = query.filter(([, value]) => value !== undefined && value !== '' && value !== false)
  const text = given
    .map(([name, value]) => `${name}=${encodeURIComponent(String(value))}`)
    .join('&')
  return text === '' ? '' : `?${text}`
}

export function listQuery(options: ListOptions): Query {
  return [
    ['labelSelector', options.labelSelector],
    ['fieldSelector', options.fieldSelector],
    ['resourceVersion', options.resourceVersion],
    ['resourceVersionMatch', options.resourceVersionMatch],
    ['limit', options.limit],
    ['continue', options.continue],
  ]
}

export function watchQuery(options: WatchOptions): Query {
  return [
    ...listQuery(options),
    ['watch', true],
    ['allowWatchBookmarks', options.allowBookmarks],
    ['sendInitialEvents', options.sendInitialEvents],
    ['timeoutSeconds', options.timeoutSeconds],
  ]
}

export function writeQuery(options: WriteOptions & PatchOptions): Query {
  return [
    ['dryRun', options.dryRun ? 'All' : undefined],
    ['fieldManager', options.fieldManager],
    ['fieldValidation', options.fieldValidation],
    ['force', options.force],
  ]
}

/** meta/v1 DeleteOptions as it travels. */
export function deleteBody(options: DeleteOptions): object {
  const { dryRun, ...rest } = options
  return { apiVersion: 'v1', kind: 'DeleteOptions', ...rest, ...(dryRun && { dryRun: ['All'] }) }
}
