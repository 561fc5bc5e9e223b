import type { ContainerPort, EnvVar, PodSpec } from '../../generated/types.ts'
import { goQuote } from '../../go-text.ts'
import { containersOf } from '../../pod/containers.ts'
import type { FieldPath } from '../../validation/field-path.ts'

/** A second definition that does not build on the first hides it. */
export function envWarnings(variables: readonly EnvVar[], path: FieldPath): string[] {
  const seen = new Set<string>()
  return variables.flatMap(({ name, value = '', valueFrom }, i) => {
    const again = seen.has(name)
    seen.add(name)
    const reference = `$(${name})`
    if (!again || (!valueFrom && value !== reference && value.includes(reference))) return []
    const text = `hides previous definition of ${goQuote(name)}, which may be dropped when using apply`
    return [`${path.index(i).toString()}: ${text}`]
  })
}

interface Placed {
  readonly port: ContainerPort
  readonly at: string
}

export function portWarnings(spec: PodSpec, path: FieldPath): string[] {
  const ports: Placed[] = [...containersOf(spec)].flatMap(({ container, list, index }) =>
    (container.ports ?? []).map((port, i) => ({
      port,
      at: path.child(list).index(index).child('ports').index(i).toString(),
    })),
  )
  return [...overlapWarnings(ports), ...nameWarnings(ports)]
}

function overlapWarnings(ports: readonly Placed[]): string[] {
  return ports.flatMap(({ port, at }, i) => {
    const others = ports
      .slice(0, i)
      .filter(
        (other) =>
          other.port.containerPort === port.containerPort && other.port.protocol === port.protocol,
      )
    const alone =
      port.hostIP && !port.hostPort ? [`${at}: hostIP set without hostPort: ${shown(port)}`] : []
    return [...alone, ...others.flatMap((other) => overlap(port, at, other))]
  })
}

function overlap(port: ContainerPort, at: string, { port: other, at: where }: Placed): string[] {
  const [ip, otherIp] = [port.hostIP ?? '', other.hostIP ?? '']
  const [hostPort, otherPort] = [port.hostPort ?? 0, other.hostPort ?? 0]
  if (ip === otherIp && hostPort === otherPort)
    return [`${at}: duplicate port definition with ${where}`]
  if (hostPort === 0 || otherPort === 0) return [`${at}: overlapping port definition with ${where}`]
  if (hostPort !== otherPort || (ip === '') === (otherIp === '')) return []
  return [`${at}: dangerously ambiguous port definition with ${where}`]
}

/** As Go prints a struct with its field names. */
function shown({ name, hostPort, containerPort, protocol, hostIP }: ContainerPort): string {
  return `{Name:${name ?? ''} HostPort:${hostPort ?? 0} ContainerPort:${containerPort} Protocol:${protocol ?? ''} HostIP:${hostIP ?? ''}}`
}

function nameWarnings(ports: readonly Placed[]): string[] {
  const first = new Map<string, string>()
  return ports.flatMap(({ port: { name }, at }) => {
    if (!name) return []
    const other = first.get(name)
    if (other === undefined) {
      first.set(name, at)
      return []
    }
    const text = `duplicate port name ${goQuote(name)} with ${other}, services and probes that select ports by name will use ${other}`
    return [`${at}: ${text}`]
  })
}
