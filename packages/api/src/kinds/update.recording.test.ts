import t from 'tap'
import type { Service } from '../generated/types.ts'
import { deepCopy, deepFreeze } from '../object.ts'
import type { KubeObject } from '../object.ts'
import { invalid } from '../status-error.ts'
import { validateObjectMetaUpdate } from '../validation/object-meta.ts'
import type { KindDefinition } from './kind-definition.ts'
import { contextFor, decode, kindOf, readRecording } from './testing/recording.ts'
import type { RecordedCase } from './testing/recording.ts'

interface Answer {
  readonly old: KubeObject
  readonly code: number
  readonly answer: KubeObject & { message?: string }
}

const controlled = [
  'CronJob',
  'DaemonSet',
  'Deployment',
  'Job',
  'Node',
  'PersistentVolume',
  'PersistentVolumeClaim',
  'PodDisruptionBudget',
  'ReplicaSet',
  'ReplicationController',
  'StatefulSet',
]

t.test('makes of every recorded change what the real server made of it', async (t) => {
  for (const recorded of readRecording<Answer>('update')) {
    const { name, answer } = recorded
    const { object, refusal } = update(recorded)
    if (answer.code === 200) {
      t.equal(refusal, undefined, `${name}: allowed`)
      t.same(comparable(object), comparable(answer.answer), name)
    } else t.equal(withoutDiff(refusal ?? 'allowed'), withoutDiff(answer.answer.message!), name)
  }
})

/** What the server does with a merge patch. */
function update({ answer, patch, subresource }: RecordedCase<Answer>): {
  object: KubeObject
  refusal?: string
} {
  const definition = kindOf(answer.old)
  const context = contextFor(definition)
  const old = deepFreeze(decode(answer.old, definition))
  const object = decode(merge(deepCopy(answer.old), patch), definition)
  definition.strategy.setDefaults(object)
  if (object.kind === 'Service' && !subresource) keepAllocated(object as Service, old as Service)
  const rules = rulesOf(definition, subresource)
  rules.prepareForUpdate(object, old, context)
  const errors = [
    ...validateObjectMetaUpdate(object.metadata, old.metadata),
    ...rules.validateUpdate(object, old, context),
  ]
  const { group, kind } = definition.storage?.as?.type ?? definition.type
  if (errors.length === 0) return { object }
  return { object, refusal: invalid(group, kind, object.metadata.name, errors).message }
}

function rulesOf(
  { strategy, subresources }: KindDefinition,
  name: string | undefined,
): Pick<KindDefinition['strategy'], 'prepareForUpdate' | 'validateUpdate'> {
  if (name === undefined) return strategy
  const found = subresources.find((subresource) => subresource.name === name)
  if (found?.form !== 'status' && found?.form !== 'part') throw new Error(`no ${name}`)
  return found
}

/** JSON merge patch (RFC 7396). */
function merge<T>(target: T, patch: unknown): T {
  if (patch === null || typeof patch !== 'object' || Array.isArray(patch)) return patch as T
  const merged = { ...(target as Record<string, unknown>) }
  for (const [key, value] of Object.entries(patch)) {
    if (value === null) delete merged[key]
    else merged[key] = merge(merged[key] ?? {}, value)
  }
  return merged as T
}

/** The registry's part of the work (apiserver): an address that is given up or changed alone takes the list along. */
function keepAllocated({ spec }: Service, { spec: old }: Service): void {
  if (spec.clusterIP === old.clusterIP || spec.clusterIPs?.[0] !== old.clusterIPs?.[0]) return
  spec.clusterIPs = [spec.clusterIP!]
}

/** Our diffs and whole objects show manifests' fields, upstream's its internal types'. */
function withoutDiff(message: string): string {
  const objects =
    /(spec\.(?:template(?:\.spec)?|podFailurePolicy): Invalid value: )\{.*?\}(?=: field is immutable)/g
  return message.split('\n')[0]!.replaceAll(objects, '$1{}')
}

function comparable(object: KubeObject): unknown {
  const { metadata, ...rest } = JSON.parse(JSON.stringify(object)) as KubeObject
  const { name, labels, annotations, generation } = metadata
  const { 'deployment.kubernetes.io/revision': _revision, ...others } = annotations ?? {}
  const text = JSON.stringify({ name, labels, others, generation, ...withoutTimes(rest) })
  // The oracle stores protobuf, which does not tell an empty list from none.
  return JSON.parse(text.replaceAll(/:(\[\])/g, ':null'))
}

/** Times of the recording, and what controllers wrote meanwhile. */
function withoutTimes(rest: object): object {
  const text = JSON.stringify(rest).replaceAll(
    /"(lastTransitionTime|lastUpdateTime)":"[^"]*"/g,
    '"$1":"T"',
  )
  const { status, ...others } = JSON.parse(text) as { kind: string; status?: object }
  return controlled.includes(others.kind) ? others : { ...others, status }
}
