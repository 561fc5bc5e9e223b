import type { Service } from '@kemu/api'

/**
 * Variables that tell a pod of the services of its namespace, and always of the API itself
 * (kubelet/envvars).
 */
export function serviceEnvironment(
  services: readonly Service[],
  namespace: string,
  enableServiceLinks: boolean,
): Map<string, string> {
  const variables = new Map<string, string>()
  for (const service of visible(services, namespace, enableServiceLinks))
    for (const [name, value] of variablesOf(service)) variables.set(name, value)
  return variables
}

function visible(
  services: readonly Service[],
  namespace: string,
  enableServiceLinks: boolean,
): Iterable<Service> {
  const byName = new Map<string, Service>()
  for (const service of services) {
    const { clusterIP } = service.spec
    if (!clusterIP || clusterIP === 'None') continue
    const { name } = service.metadata
    const isMaster = service.metadata.namespace === 'default' && name === 'kubernetes'
    if (isMaster && !byName.has(name)) byName.set(name, service)
    else if (service.metadata.namespace === namespace && enableServiceLinks)
      byName.set(name, service)
  }
  return byName.values()
}

function* variablesOf({ metadata, spec }: Service): Iterable<[string, string]> {
  const prefix = variableName(metadata.name)
  const address = spec.clusterIP!
  const ports = spec.ports ?? []
  if (ports.length === 0) return
  yield [`${prefix}_SERVICE_HOST`, address]
  yield [`${prefix}_SERVICE_PORT`, String(ports[0]!.port)]
  for (const { name, port } of ports)
    if (name) yield [`${prefix}_SERVICE_PORT_${variableName(name)}`, String(port)]
  for (const [index, { port, protocol = 'TCP' }] of ports.entries()) {
    const scheme = protocol.toLowerCase()
    const host = address.includes(':') ? `[${address}]` : address
    const url = `${scheme}://${host}:${port}`
    if (index === 0) yield [`${prefix}_PORT`, url]
    const portPrefix = `${prefix}_PORT_${port}_${protocol.toUpperCase()}`
    yield [portPrefix, url]
    yield [`${portPrefix}_PROTO`, scheme]
    yield [`${portPrefix}_PORT`, String(port)]
    yield [`${portPrefix}_ADDR`, address]
  }
}

function variableName(name: string): string {
  return name.replaceAll('-', '_').toUpperCase()
}
