import { describeParameter } from './descriptions.ts'

export interface Parameter {
  readonly name: string
  readonly place: 'path' | 'query'
  readonly type: 'boolean' | 'integer' | 'string'
  readonly description: string
}

/** A parameter of the query with what the named client operation says of it. */
function query(operation: string, name: string, type: Parameter['type'] = 'string'): Parameter {
  const clientName = name === 'continue' ? '_continue' : name
  return { name, place: 'query', type, description: describeParameter(operation, clientName) }
}

const ofList = 'listNamespacedPod'
const ofDelete = 'deleteNamespacedPod'

export function prettyParameter(): Parameter {
  return query(ofList, 'pretty')
}

export function namespaceParameter(): Parameter {
  const description = 'object name and auth scope, such as for teams and projects'
  return { name: 'namespace', place: 'path', type: 'string', description }
}

export function nameParameter(kind: string): Parameter {
  return { name: 'name', place: 'path', type: 'string', description: `name of the ${kind}` }
}

export function pathParameter(): Parameter {
  return { name: 'path', place: 'path', type: 'string', description: 'path to the resource' }
}

export function listParameters(): Parameter[] {
  return [
    query(ofList, 'allowWatchBookmarks', 'boolean'),
    query(ofList, 'continue'),
    query(ofList, 'fieldSelector'),
    query(ofList, 'labelSelector'),
    query(ofList, 'limit', 'integer'),
    query(ofList, 'resourceVersion'),
    query(ofList, 'resourceVersionMatch'),
    query(ofList, 'sendInitialEvents', 'boolean'),
    query(ofList, 'shardSelector'),
    query(ofList, 'timeoutSeconds', 'integer'),
    query(ofList, 'watch', 'boolean'),
  ]
}

export function createParameters(): Parameter[] {
  const operation = 'createNamespacedPod'
  return ['dryRun', 'fieldManager', 'fieldValidation'].map((name) => query(operation, name))
}

export function patchParameters(): Parameter[] {
  const operation = 'patchNamespacedPod'
  return [
    ...['dryRun', 'fieldManager', 'fieldValidation'].map((name) => query(operation, name)),
    query(operation, 'force', 'boolean'),
  ]
}

export function deleteParameters(): Parameter[] {
  return [
    query(ofDelete, 'dryRun'),
    query(ofDelete, 'gracePeriodSeconds', 'integer'),
    query(ofDelete, 'ignoreStoreReadErrorWithClusterBreakingPotential', 'boolean'),
    query(ofDelete, 'orphanDependents', 'boolean'),
    query(ofDelete, 'propagationPolicy'),
  ]
}

/** Of a whole collection: what chooses the objects, and how they are deleted. */
export function deleteCollectionParameters(): Parameter[] {
  const choosing = listParameters().filter(
    ({ name }) => name !== 'allowWatchBookmarks' && name !== 'watch',
  )
  return [...choosing, ...deleteParameters()]
}

/** What pods' log takes. */
export function logParameters(): Parameter[] {
  const operation = 'readNamespacedPodLog'
  return [
    query(operation, 'container'),
    query(operation, 'follow', 'boolean'),
    query(operation, 'insecureSkipTLSVerifyBackend', 'boolean'),
    query(operation, 'limitBytes', 'integer'),
    query(operation, 'previous', 'boolean'),
    query(operation, 'sinceSeconds', 'integer'),
    query(operation, 'stream'),
    query(operation, 'tailLines', 'integer'),
    query(operation, 'timestamps', 'boolean'),
  ]
}

/** What the streams take, by the kind of their options. */
export function connectParameters(kind: string): Parameter[] {
  switch (kind) {
    case 'PodExecOptions': {
      const operation = 'connectGetNamespacedPodExec'
      return [query(operation, 'command'), ...streamParameters(operation)]
    }
    case 'PodAttachOptions':
      return streamParameters('connectGetNamespacedPodAttach')
    case 'PodPortForwardOptions':
      return [query('connectGetNamespacedPodPortforward', 'ports', 'integer')]
    case 'PodProxyOptions':
      return [query('connectGetNamespacedPodProxy', 'path')]
    case 'ServiceProxyOptions':
      return [query('connectGetNamespacedServiceProxy', 'path')]
    case 'NodeProxyOptions':
      return [query('connectGetNodeProxy', 'path')]
    default:
      return []
  }
}

function streamParameters(operation: string): Parameter[] {
  const streams = ['stderr', 'stdin', 'stdout', 'tty']
  return [
    query(operation, 'container'),
    ...streams.map((name) => query(operation, name, 'boolean')),
  ]
}
