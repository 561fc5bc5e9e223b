import type { Container } from '@kemu/api'

/** A number, or the name of one of the container's ports (probe.ResolveContainerPort). */
export function containerPort(port: number | string, container: Container): number {
  const named =
    typeof port === 'string' ? container.ports?.find(({ name }) => name === port) : undefined
  const number = named ? named.containerPort : Number(port)
  if (Number.isInteger(number) && number > 0 && number < 65_536) return number
  throw new Error(
    typeof port === 'string' && Number.isNaN(number)
      ? `port ${port} not found`
      : `invalid port number: ${port}`,
  )
}
