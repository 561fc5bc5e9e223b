import { badRequest, endpointSlices, notFound, pods, services, statusError } from '@kemu/api'
import type { EndpointSlice, Pod, Service } from '@kemu/api'
import type { Random } from '@kemu/base'
import type { Lookup } from '../registry/lookup.ts'
import type { ConnectRequest } from '../request/api-request.ts'
import type { ConnectTarget } from '../request/api-response.ts'
import type { NodeConnector } from './node-connector.ts'

/** `scheme:name:port`, of which all but the name may be missing. */
interface ProxyName {
  readonly scheme: 'http' | 'https'
  readonly name: string
  readonly port: string
}

/** Where requests to `proxy` go: a node's kubelet, a pod, or some ready endpoint of a service. */
export class ProxyTargets {
  readonly #lookup: Lookup
  readonly #nodes: NodeConnector
  readonly #random: Random

  constructor(lookup: Lookup, nodes: NodeConnector, random: Random) {
    this.#lookup = lookup
    this.#nodes = nodes
    this.#random = random
  }

  async target({ path, rest, query, method }: ConnectRequest): Promise<ConnectTarget> {
    const wanted = readName(path.name, path.resource.replace(/s$/, ''))
    const search = query.toString()
    const tail = `${rest === '' ? '/' : rest}${search === '' ? '' : `?${search}`}`
    const common = { path: tail, method, checked: false, isProxied: true }
    switch (path.resource) {
      case 'nodes': {
        const { host, port } = await this.#nodes.addressOf(wanted.name)
        if (wanted.port === '' || wanted.port === String(port))
          return { ...common, scheme: 'https', host, port, asKubeletClient: true }
        const other = { host, port: numberOf(wanted.port) }
        return { ...common, ...other, scheme: wanted.scheme, asKubeletClient: false }
      }
      case 'pods':
        return {
          ...common,
          ...(await this.#pod(path.namespace, wanted)),
          scheme: wanted.scheme,
          asKubeletClient: false,
        }
      case 'services':
        return {
          ...common,
          ...(await this.#service(path.namespace, wanted, path.name)),
          scheme: wanted.scheme,
          asKubeletClient: false,
        }
      default:
        throw statusError('NotFound', 'the server could not find the requested resource', {})
    }
  }

  async #pod(
    namespace: string,
    { name, port }: ProxyName,
  ): Promise<{ host: string; port: number }> {
    const pod = await this.#lookup.find(pods, namespace, name)
    if (!pod) throw notFound(pods, name)
    const host = pod.status?.podIP ?? ''
    if (host === '') throw badRequest('address not allowed')
    return { host, port: podPort(pod, port) }
  }

  /** Only pods are reached this way (rest.ResourceLocation of services). */
  async #service(
    namespace: string,
    { name, port }: ProxyName,
    id: string,
  ): Promise<{ host: string; port: number }> {
    const service = await this.#lookup.find(services, namespace, name)
    if (!service) throw notFound(services, name)
    const portName = servicePortName(service, port)
    const slices = (await this.#lookup.all(endpointSlices, namespace)).filter(
      ({ metadata }) => metadata.labels?.['kubernetes.io/service-name'] === name,
    )
    const ready = slices.flatMap((slice) => readyPods(slice, portName))
    if (ready.length > 0) return ready[this.#random.int(ready.length)]!
    const isEmpty = slices.every(({ endpoints }) => (endpoints ?? []).length === 0)
    throw statusError(
      'ServiceUnavailable',
      `no endpoints available for service ${JSON.stringify(isEmpty ? name : id)}`,
    )
  }
}

function readName(text: string, kind: string): ProxyName {
  const parts = text.split(':')
  if (parts.length === 1) return { scheme: 'http', name: text, port: '' }
  if (parts.length === 2) return { scheme: 'http', name: parts[0]!, port: parts[1]! }
  const [scheme = '', name = '', port = ''] = parts
  if (parts.length > 3 || !['', 'http', 'https'].includes(scheme)) {
    throw badRequest(`invalid ${kind} request ${JSON.stringify(text)}`)
  }
  return { scheme: scheme === 'https' ? 'https' : 'http', name, port }
}

function podPort({ spec }: Pod, wanted: string): number {
  if (/^\d+$/.test(wanted)) return Number(wanted)
  const all = spec.containers.flatMap(({ ports }) => ports ?? [])
  const found = wanted === '' ? all[0] : all.find(({ name }) => name === wanted)
  if (found) return found.containerPort
  if (wanted === '') return 80
  throw badRequest(`no port named ${JSON.stringify(wanted)}`)
}

/** The name of the service's port that is meant; endpoint slices carry it. A port without a name has the empty one. */
function servicePortName({ metadata, spec }: Service, wanted: string): string {
  if (!/^\d+$/.test(wanted)) return wanted
  const found = spec.ports?.find(({ port }) => String(port) === wanted)
  if (found) return found.name ?? ''
  throw statusError(
    'ServiceUnavailable',
    `no service port ${wanted} found for service ${JSON.stringify(metadata.name)}`,
  )
}

function readyPods(
  { endpoints, ports }: EndpointSlice,
  portName: string,
): { host: string; port: number }[] {
  const port = ports?.find(({ name = '' }) => name === portName)?.port
  if (port === undefined) return []
  return (endpoints ?? [])
    .filter(({ conditions, targetRef }) => conditions?.ready !== false && targetRef?.kind === 'Pod')
    .flatMap(({ addresses }) => addresses.map((host) => ({ host, port })))
}

function numberOf(port: string): number {
  if (/^\d+$/.test(port)) return Number(port)
  throw badRequest(`invalid node request port ${JSON.stringify(port)}`)
}
