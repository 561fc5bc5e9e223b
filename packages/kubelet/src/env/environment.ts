import type { ConfigMap, Container, EnvVarSource, Pod, Secret, Service } from '@kemu/api'
import { expand } from './expansion.ts'
import { fieldValue } from './field-ref.ts'
import type { RuntimeFacts } from './field-ref.ts'
import { namedContainer, resourceValue } from './resource-field-ref.ts'
import type { NodeAllocatable } from './resource-field-ref.ts'
import { serviceEnvironment } from './service-environment.ts'

export interface EnvironmentInputs {
  readonly pod: Pod
  readonly container: Container
  readonly facts: RuntimeFacts
  readonly allocatable: NodeAllocatable
  readonly services: readonly Service[]
  /** Undefined when the object is not there. */
  readonly configMap: (name: string) => ConfigMap | undefined
  readonly secret: (name: string) => Secret | undefined
}

/**
 * A container's variables: first envFrom, then env, then the services that nothing before names.
 * Pure. Throws an Error whose message is upstream's when something that is not optional is missing.
 * Upstream: makeEnvironmentVariables.
 */
export function containerEnvironment(inputs: EnvironmentInputs): Map<string, string> {
  const { pod, container } = inputs
  const services = serviceEnvironment(
    inputs.services,
    pod.metadata.namespace ?? '',
    pod.spec.enableServiceLinks ?? true,
  )
  const variables = new Map<string, string>()
  for (const source of container.envFrom ?? []) {
    const prefix = source.prefix ?? ''
    for (const [name, value] of Object.entries(fromSource(inputs, source)))
      variables.set(prefix + name, value)
  }
  for (const { name, value, valueFrom } of container.env ?? []) {
    if (value) variables.set(name, expand(value, new Map([...services, ...variables])))
    else if (!valueFrom) variables.set(name, '')
    else {
      const found = valueOf(inputs, valueFrom)
      if (found !== undefined) variables.set(name, found)
    }
  }
  return new Map([...variables, ...[...services].filter(([name]) => !variables.has(name))])
}

function fromSource(
  inputs: EnvironmentInputs,
  { configMapRef, secretRef }: NonNullable<Container['envFrom']>[number],
): Record<string, string> {
  if (configMapRef) {
    const found = inputs.configMap(configMapRef.name ?? '')
    if (!found && !configMapRef.optional) throw missing('configmap', configMapRef.name)
    return found?.data ?? {}
  }
  if (secretRef) {
    const found = inputs.secret(secretRef.name ?? '')
    if (!found && !secretRef.optional) throw missing('secret', secretRef.name)
    return Object.fromEntries(
      Object.entries(found?.data ?? {}).map(([key, value]) => [key, decode(value)]),
    )
  }
  return {}
}

/** Undefined for an optional value that is not there. */
function valueOf(inputs: EnvironmentInputs, source: EnvVarSource): string | undefined {
  const { pod, container, facts, allocatable } = inputs
  if (source.fieldRef) return fieldValue(source.fieldRef, pod, facts)
  if (source.resourceFieldRef) {
    const name = source.resourceFieldRef.containerName
    const of = name ? namedContainer(pod, name) : container
    return resourceValue(source.resourceFieldRef, of, allocatable)
  }
  if (source.configMapKeyRef) {
    const { name, key, optional } = source.configMapKeyRef
    const found = inputs.configMap(name ?? '')
    if (!found && !optional) throw missing('configmap', name)
    return wanted(found?.data?.[key], optional, `ConfigMap ${pod.metadata.namespace}/${name}`, key)
  }
  if (source.secretKeyRef) {
    const { name, key, optional } = source.secretKeyRef
    const found = inputs.secret(name ?? '')
    if (!found && !optional) throw missing('secret', name)
    const value = found?.data?.[key]
    const text = value === undefined ? undefined : decode(value)
    return wanted(text, optional, `Secret ${pod.metadata.namespace}/${name}`, key)
  }
  throw new Error('env[].valueFrom.fileKeyRef is not emulated')
}

function wanted(
  value: string | undefined,
  optional: boolean | undefined,
  where: string,
  key: string,
): string | undefined {
  if (value === undefined && !optional) throw new Error(`couldn't find key ${key} in ${where}`)
  return value
}

function missing(resource: string, name: string | undefined): Error {
  return new Error(`${resource} "${name ?? ''}" not found`)
}

function decode(base64: string): string {
  return Buffer.from(base64, 'base64').toString()
}
