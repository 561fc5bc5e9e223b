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
    const wanted = readName(path.name)
    const search = query.toString()
    const tail = `${rest === '' ? '/' : rest}${search === '' ? '' : `?${search}`}`
    const common = { path: tail, method, checked: false }
    switch (path.resource) {
      case 'nodes': {
        const { host, port } = await this.#nodes.addressOf(wanted.name)
        return { ...common, scheme: 'https', host, port, asKubeletClient: true }
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
          ...(await this.#service(path.namespace, wanted)),
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

  async #service(
    namespace: string,
    { name, port }: ProxyName,
  ): Promise<{ host: string; port: number }> {
    const service = await this.#lookup.find(services, namespace, name)
    if (!service) throw notFound(services, name)
    const portName = servicePortName(service, port)
    const slices = (await this.#lookup.all(endpointSlices, namespace)).filter(
      ({ metadata }) => metadata.labels?.['kubernetes.io/service-name'] === name,
    )
    const ready = slices.flatMap((slice) => readyAddresses(slice, portName))
    if (ready.length === 0) {
      throw statusError(
        'ServiceUnavailable',
        `no endpoints available for service ${JSON.stringify(name)}`,
      )
    }
    return ready[this.#random.int(ready.length)]!
  }
}

function readName(text: string): ProxyName {
  const parts = text.split(':')
  if (parts.length === 1) return { scheme: 'http', name: text, port: '' }
  if (parts.length === 2) return { scheme: 'http', name: parts[0]!, port: parts[1]! }
  const [scheme = '', name = '', port = ''] = parts
  if (parts.length > 3 || !['', 'http', 'https'].includes(scheme)) {
    throw badRequest(`invalid proxy request name ${JSON.stringify(text)}`)
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

/** The name of the service's port that is meant; endpoint slices carry it. */
function servicePortName({ metadata, spec }: Service, wanted: string): string {
  const ports = spec.ports ?? []
  const byNumber = ports.find(({ port }) => String(port) === wanted)
  const byName = ports.find(({ name = '' }) => name === wanted)
  const found = byName ?? byNumber ?? (wanted === '' ? ports[0] : undefined)
  if (found) return found.name ?? ''
  throw statusError(
    'ServiceUnavailable',
    `no service port ${JSON.stringify(wanted)} found for service ${JSON.stringify(metadata.name)}`,
  )
}

function readyAddresses(
  { endpoints, ports }: EndpointSlice,
  portName: string,
): { host: string; port: number }[] {
  const port = ports?.find(({ name = '' }) => name === portName)?.port
  if (port === undefined) return []
  return (endpoints ?? [])
    .filter(({ conditions }) => conditions?.ready !== false)
    .flatMap(({ addresses }) => addresses.map((host) => ({ host, port })))
}
