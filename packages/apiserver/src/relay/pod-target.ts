import { badRequest, notFound, pods } from '@kemu/api'
import type { Pod } from '@kemu/api'
import type { Lookup } from '../registry/lookup.ts'
import type { ConnectRequest } from '../request/api-request.ts'
import type { ApiResponse } from '../request/api-response.ts'
import { logQuery } from './log-options.ts'
import type { NodeConnector } from './node-connector.ts'

/** Where the conversations of pods go: to the kubelet of their node. */
export class PodTargets {
  readonly #lookup: Lookup
  readonly #nodes: NodeConnector

  constructor(lookup: Lookup, nodes: NodeConnector) {
    this.#lookup = lookup
    this.#nodes = nodes
  }

  async target(request: ConnectRequest): Promise<ApiResponse> {
    const { path } = request
    const pod = await this.#lookup.find(pods, path.namespace, path.name)
    if (!pod) throw notFound(pods, path.name)
    switch (path.subresource) {
      case 'log':
        return this.#log(pod, request)
      case 'exec':
      case 'attach':
        return this.#streams(pod, request)
      default:
        return this.#portForward(pod, request)
    }
  }

  async #log(pod: Pod, { query, method }: ConnectRequest): Promise<ApiResponse> {
    const wanted = logQuery(pod.metadata.name, query)
    const container = containerOf(pod, query.get('container') ?? '')
    const { nodeName } = pod.spec
    if (!nodeName) {
      // A pod that is nowhere has said nothing.
      return { form: 'bytes', code: 200, contentType: 'text/plain', body: Buffer.alloc(0) }
    }
    const path = `/containerLogs/${placeOf(pod)}/${container}${queryText(wanted)}`
    return this.#connect(nodeName, method, path, true)
  }

  async #streams(
    pod: Pod,
    { query, method, path, isUpgrade }: ConnectRequest,
  ): Promise<ApiResponse> {
    const container = containerOf(pod, query.get('container') ?? '')
    const node = hostOf(pod)
    checkUpgrade(isUpgrade)
    const wanted = new URLSearchParams()
    for (const [name, short] of streamOptions) {
      if (isTrue(query.get(name))) wanted.set(short, '1')
    }
    if (!['input', 'output', 'error'].some((name) => wanted.has(name))) {
      throw badRequest('you must specify at least one of stdin, stdout, stderr')
    }
    for (const word of query.getAll('command')) wanted.append('command', word)
    if (path.subresource === 'exec' && !wanted.has('command')) {
      throw badRequest('you must specify at least one command for the container')
    }
    return this.#connect(
      node,
      method,
      `/${path.subresource}/${placeOf(pod)}/${container}${queryText(wanted)}`,
      false,
    )
  }

  async #portForward(pod: Pod, { query, method, isUpgrade }: ConnectRequest): Promise<ApiResponse> {
    const node = hostOf(pod)
    checkUpgrade(isUpgrade)
    const wanted = new URLSearchParams()
    for (const port of query.getAll('ports')) wanted.append('port', port)
    return this.#connect(node, method, `/portForward/${placeOf(pod)}${queryText(wanted)}`, false)
  }

  async #connect(
    nodeName: string,
    method: string,
    path: string,
    checked: boolean,
  ): Promise<ApiResponse> {
    const { host, port } = await this.#nodes.addressOf(nodeName)
    return {
      form: 'connect',
      target: { scheme: 'https', host, port, path, method, asKubeletClient: true, checked },
    }
  }
}

/** Parameters as the kubelet names them (ExecInParam and its kin). */
const streamOptions = [
  ['stdin', 'input'],
  ['stdout', 'output'],
  ['stderr', 'error'],
  ['tty', 'tty'],
] as const

/** The container that is meant; a pod with one needs no name. */
function containerOf({ metadata, spec }: Pod, wanted: string): string {
  const names = spec.containers.map(({ name }) => name)
  const initial = (spec.initContainers ?? []).map(({ name }) => name)
  const ephemeral = (spec.ephemeralContainers ?? []).map(({ name }) => name)
  if (wanted !== '') {
    if ([...names, ...initial, ...ephemeral].includes(wanted)) return wanted
    throw badRequest(`container ${wanted} is not valid for pod ${metadata.name}`)
  }
  const all = [...initial, ...names, ...ephemeral]
  if (all.length === 1) return all[0]!
  throw badRequest(
    `a container name must be specified for pod ${metadata.name}, choose one of: [${all.join(' ')}]`,
  )
}

/** These conversations leave HTTP behind. */
function checkUpgrade(isUpgrade: boolean): void {
  if (!isUpgrade) throw badRequest('Upgrade request required')
}

function hostOf({ metadata, spec }: Pod): string {
  if (spec.nodeName) return spec.nodeName
  throw badRequest(`pod ${metadata.name} does not have a host assigned`)
}

function placeOf({ metadata }: Pod): string {
  return `${metadata.namespace ?? ''}/${metadata.name}`
}

function isTrue(value: string | null): boolean {
  return value !== null && !/^(0|false)$/i.test(value)
}

function queryText(query: URLSearchParams): string {
  const text = query.toString()
  return text === '' ? '' : `?${text}`
}
