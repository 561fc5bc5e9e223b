import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import t from 'tap'
import type { ExpectedType } from '../decode/type-mismatch.ts'
import type { ManagedFieldsEntry } from '../generated/types.ts'
import { deepFreeze } from '../object.ts'
import type { KubeObject } from '../object.ts'
import { isStatusError } from '../status-error.ts'
import { readConfiguration } from './configuration-reader.ts'
import { FieldManager } from './field-manager.ts'
import { resetFieldsOf } from './reset-fields.ts'

interface Step {
  readonly op: 'create' | 'update' | 'status' | 'merge' | 'strategic-merge' | 'apply' | 'force'
  readonly manager: string
  readonly body: KubeObject
  readonly live?: KubeObject
  readonly answer: {
    readonly object?: KubeObject
    readonly code?: number
    readonly message?: string
    readonly details?: unknown
  }
}

const path = fileURLToPath(new URL('../../recordings/managed-fields.json', import.meta.url))
const scenarios = JSON.parse(readFileSync(path, 'utf8')) as { resource: string; steps: Step[] }[]
const kinds: Record<string, string> = {
  configmaps: 'ConfigMap',
  podtemplates: 'PodTemplate',
  services: 'Service',
}

function managerOf(resource: string, op: Step['op']): FieldManager {
  const kind = kinds[resource]!
  const type: ExpectedType = {
    group: '',
    version: 'v1',
    kind,
    schema: `io.k8s.api.core.v1.${kind}`,
  }
  return new FieldManager({
    type,
    subresource: op === 'status' ? 'status' : '',
    resetFields: kind !== 'Service' ? [] : op === 'status' ? [['spec']] : [['status']],
  })
}

const time = '2026-01-01T00:00:00Z'

/** When the real server did it: entries are ordered by time. */
function timeOf({ op, manager, answer }: Step): string {
  const operation = op === 'apply' || op === 'force' ? 'Apply' : 'Update'
  const entries = answer.object?.metadata.managedFields ?? []
  const own = entries.find((e) => e.manager === manager && e.operation === operation)
  return own?.time ?? time
}

function play(resource: string, step: Step): unknown {
  const { op, manager, body, live, answer } = step
  const fields = managerOf(resource, op)
  const write = { manager, time: timeOf(step), force: op === 'force' }
  try {
    if (op === 'apply' || op === 'force') return fields.apply(live, body, write)
    const { managedFields: _, ...metadata } = answer.object!.metadata
    return fields.update(live, { ...answer.object!, metadata }, write)
  } catch (error) {
    if (!isStatusError(error)) throw error
    const { code, message, details } = error.status
    return { code, message, details }
  }
}

function ownersOf(object: unknown): Omit<ManagedFieldsEntry, 'time'>[] {
  const entries = (object as KubeObject).metadata?.managedFields ?? []
  return entries.map((entry) => {
    const { time: _, ...rest } = entry
    return rest
  })
}

for (const [i, { resource, steps }] of scenarios.entries()) {
  t.test(`keeps account of writes as the real API server does (${i}: ${resource})`, async (t) => {
    for (const step of steps) {
      const name = `${step.op} by ${step.manager}: ${JSON.stringify(step.body)}`
      deepFreeze(step.live)
      const mine = play(resource, step)
      const { object } = step.answer
      if (!object) t.same(mine, step.answer, name)
      else t.strictSame(ownersOf(mine), ownersOf(object), name)
      if (object && (step.op === 'apply' || step.op === 'force'))
        t.same(contentOf(mine), contentOf(object), `object after ${name}`)
    }
  })
}

/** What an apply decides on: not what the server sets, nor its defaults. */
function contentOf(object: unknown): unknown {
  const { data, template, metadata } = object as Record<string, Record<string, unknown>>
  const { labels, annotations, finalizers } = metadata!
  return withoutDefaults({ data, template, labels, annotations, finalizers })
}

function withoutDefaults(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutDefaults)
  if (value === null || typeof value !== 'object') return value
  const defaulted = [
    'imagePullPolicy',
    'terminationMessagePath',
    'terminationMessagePolicy',
    'protocol',
  ]
  const entries = Object.entries(value).filter(([key]) => !defaulted.includes(key))
  return Object.fromEntries(entries.map(([key, inner]) => [key, withoutDefaults(inner)]))
}

t.test('does not keep account of an object that nobody did before', async (t) => {
  const fields = managerOf('configmaps', 'update')
  const metadata = { name: 'a', uid: '1', resourceVersion: '1', creationTimestamp: time }
  const live = { apiVersion: 'v1', kind: 'ConfigMap', metadata }
  const changed = { ...live, data: { a: '1' } }
  t.same(fields.update(live, changed, { manager: 'a', time }), changed)
})

t.test('an empty list of managers takes all ownership away', async (t) => {
  const fields = managerOf('configmaps', 'update')
  const metadata = { name: 'a', uid: '1', resourceVersion: '1', creationTimestamp: time }
  const object = { apiVersion: 'v1', kind: 'ConfigMap', metadata, data: { a: '1' } }
  const live = fields.update(undefined, object, { manager: 'a', time })
  t.equal(live.metadata.managedFields?.length, 1)
  const reset = { ...object, metadata: { ...metadata, managedFields: [] } }
  t.equal(fields.update(live, reset, { manager: 'b', time }).metadata.managedFields, undefined)
})

t.test('counts the oldest of many updaters together', async (t) => {
  const fields = managerOf('configmaps', 'update')
  const metadata = { name: 'a', uid: '1', resourceVersion: '1', creationTimestamp: time }
  let live: KubeObject & { data?: Record<string, string> } = {
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata,
    data: { first: '' },
  }
  live = fields.update(undefined, live, { manager: 'first', time: '2026-01-01T00:00:00Z' })
  for (let i = 10; i < 25; i += 1) {
    const { managedFields: _, ...rest } = live.metadata
    const changed = { ...live, metadata: rest, data: { ...live.data, [`k${i}`]: '1' } }
    live = fields.update(live, changed, { manager: `m${i}`, time: `2026-01-01T00:00:${i}Z` })
  }
  const names = live.metadata.managedFields!.map(({ manager }) => manager)
  t.equal(names.length, 10)
  t.equal(names[0], 'ancient-changes')
  t.equal(names.at(-1), 'm24')
})

t.test('reads configurations with the words of the real API server', async (t) => {
  const body = 'kind: ConfigMap\ndata:\n  a: "1"\n  a: "2"\n'
  t.same(readConfiguration(body).warnings, ['line 4: key "a" already set in map'])
  t.same(readConfiguration(body).config, { kind: 'ConfigMap', data: { a: '2' } })
  const strict = `error strict decoding YAML: error converting YAML to JSON: yaml: unmarshal errors:\n  line 4: key "a" already set in map`
  t.equal(readConfiguration(body).refusal?.message, strict)
  const noObject = `error decoding YAML: error unmarshaling JSON: while decoding JSON: json: cannot unmarshal array into Go value of type map[string]interface {}`
  t.throws(() => readConfiguration('[]'), { message: noObject })
  const { config } = readConfiguration('')
  const write = { manager: 'a', time, force: false }
  t.throws(() => managerOf('configmaps', 'apply').apply(undefined, config, write), {
    message: 'invalid object type: /, Kind=',
  })
})

t.test('knows what a write cannot change', async (t) => {
  const pod = { type: { kind: 'Pod' }, subresources: [{ name: 'status' }, { name: 'log' }] }
  t.same(resetFieldsOf(pod, ''), [['status']])
  t.same(resetFieldsOf(pod, 'status')[0], ['spec'])
  t.same(resetFieldsOf({ type: { kind: 'Secret' }, subresources: [] }, ''), [])
})
