import { goJson } from '../go-text.ts'
import type { KubeObject } from '../object.ts'
import { FieldSet } from './field-set.ts'
import type { WriteContext } from './ownership.ts'
import { compareObjects, fieldSetOf } from './structured-walks.ts'

/** Where kubectl's client-side apply keeps what it last applied. */
const annotation = 'kubectl.kubernetes.io/last-applied-configuration'

/** Only kubectl's own server-side apply takes over from its client-side apply. */
const successor = 'kubectl'

/** The fields that client-side apply owns: what it stated, as far as it is still so. */
export function lastAppliedFields(
  { place, apiVersion }: WriteContext,
  live: KubeObject,
  manager: string,
): FieldSet {
  const text = live.metadata.annotations?.[annotation]
  if (manager !== successor || !text) return new FieldSet()
  const applied = parse(text)
  if (applied?.apiVersion !== apiVersion) return new FieldSet()
  const { added, modified, removed } = compareObjects(place, applied, live)
  return fieldSetOf(place, applied).difference(modified).difference(added).difference(removed)
}

function parse(text: string): KubeObject | undefined {
  try {
    return JSON.parse(text) as KubeObject
  } catch {
    return undefined
  }
}

/** Keeps the annotation true for clients that still apply on their side. */
export function refreshLastApplied(
  object: KubeObject,
  config: KubeObject,
  manager: string,
): KubeObject {
  if (manager !== successor || object.metadata.annotations?.[annotation] === undefined)
    return object
  const { [annotation]: _, ...others } = config.metadata.annotations ?? {}
  const { annotations: __, ...metadata } = config.metadata
  const stated = Object.keys(others).length > 0 ? { annotations: others } : {}
  const applied = { ...config, metadata: { ...metadata, ...stated } }
  const annotations = {
    ...object.metadata.annotations,
    [annotation]: `${goJson(sortKeys(applied))}\n`,
  }
  return { ...object, metadata: { ...object.metadata, annotations } }
}

/** Go writes the keys of maps in order. */
function sortKeys(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sortKeys)
  if (value === null || typeof value !== 'object') return value
  const entries = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1))
  return Object.fromEntries(entries.map(([key, inner]) => [key, sortKeys(inner)]))
}
