import { readYamlSource, splitYamlWarnings, YamlError } from '../decode/yaml-source.ts'
import type { KubeObject } from '../object.ts'
import { badRequest } from '../status-error.ts'
import type { StatusError } from '../status-error.ts'

export interface ReadConfiguration {
  /** As it was sent: only what the applier has an opinion on. */
  readonly config: KubeObject
  /** Keys that are there twice, as warnings. */
  readonly warnings: readonly string[]
  /** The same as what a strict server throws: after the configuration has been applied, as upstream. */
  readonly refusal: StatusError | undefined
}

/** The body of an apply: YAML, or JSON, which is YAML too. Throws a BadRequest for what is no object. */
export function readConfiguration(body: string): ReadConfiguration {
  const { value, strictErrors } = readSource(body)
  const [duplicates] = strictErrors
  if (value !== null && (typeof value !== 'object' || Array.isArray(value))) {
    const got = Array.isArray(value) ? 'array' : typeof value === 'boolean' ? 'bool' : typeof value
    throw badRequest(
      `error decoding YAML: error unmarshaling JSON: while decoding JSON: json: cannot unmarshal ${got} into Go value of type map[string]interface {}`,
    )
  }
  return {
    config: (value ?? {}) as KubeObject,
    warnings: strictErrors.flatMap(splitYamlWarnings),
    refusal:
      duplicates === undefined
        ? undefined
        : badRequest(`error strict decoding YAML: error converting YAML to JSON: ${duplicates}`),
  }
}

function readSource(body: string): ReturnType<typeof readYamlSource> {
  try {
    return readYamlSource(body)
  } catch (error) {
    if (!(error instanceof YamlError)) throw error
    throw badRequest(`error decoding YAML: error converting YAML to JSON: ${error.message}`)
  }
}
