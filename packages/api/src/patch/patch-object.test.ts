import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import t from 'tap'
import type { KubeObject } from '../object.ts'
import { deepFreeze } from '../object.ts'
import { isStatusError } from '../status-error.ts'
import { patchObject } from './patch-object.ts'
import type { PatchMediaType } from './patch-object.ts'

interface Recording {
  readonly current: KubeObject & { spec: unknown }
  readonly cases: {
    type: 'json' | 'merge' | 'strategic-merge'
    body: string
    answer: { code?: number; message?: string; metadata?: unknown; spec?: unknown }
  }[]
}

const expected = {
  group: 'apps',
  version: 'v1',
  kind: 'Deployment',
  schema: 'io.k8s.api.apps.v1.Deployment',
}

const path = fileURLToPath(new URL('../../recordings/patching.json', import.meta.url))
const { current, cases } = JSON.parse(readFileSync(path, 'utf8')) as Recording
deepFreeze(current)

t.test('answers to every recorded patch what the real API server answered', async (t) => {
  t.ok(cases.length > 65)
  for (const { type, body, answer } of cases)
    t.same(apply(type, body), withoutDefaults(answer), `${type}: ${body}`)
})

function apply(type: string, body: string): unknown {
  try {
    const mediaType = `application/${type}-patch+json` as PatchMediaType
    const request = { body, mediaType, expected, current, fieldValidation: 'Strict' as const }
    const { metadata, spec } = patchObject(request).object as typeof current
    return withoutDefaults({ metadata, spec })
  } catch (error) {
    if (!isStatusError(error)) throw error
    const message = error.message.replace(/Invalid value: "\{.*\}": /, 'Invalid value: OBJECT: ')
    return { code: error.code, message }
  }
}

/** The server's answer has passed defaulting, ours not yet; what it counts up stays out too. */
function withoutDefaults(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutDefaults)
  if (value === null || typeof value !== 'object') return value
  const defaulted = [
    'imagePullPolicy',
    'terminationMessagePath',
    'terminationMessagePolicy',
    'defaultMode',
    'protocol',
    'generation',
  ]
  const entries = Object.entries(value).filter(([key]) => !defaulted.includes(key))
  return Object.fromEntries(entries.map(([key, inner]) => [key, withoutDefaults(inner)]))
}

t.test('drops unknown fields with a warning when it shall warn', async (t) => {
  const answer = patchObject({
    body: '{"spec":{"foo":1,"paused":true}}',
    mediaType: 'application/strategic-merge-patch+json',
    expected,
    current,
    fieldValidation: 'Warn',
  })
  t.same(answer.warnings, ['unknown field "spec.foo"'])
  t.match(answer.object, { spec: { paused: true, foo: undefined } })
})

t.test('refuses a JSON patch of more than 10000 steps', async (t) => {
  const step = { op: 'test', path: '/kind', value: 'Deployment' }
  const body = JSON.stringify(Array.from({ length: 10_001 }, () => step))
  const request = { body, mediaType: 'application/json-patch+json' as const, expected, current }
  t.throws(() => patchObject({ ...request, fieldValidation: 'Ignore' }), {
    status: { code: 413, reason: 'RequestEntityTooLarge' },
    message: /allowed maximum operations in a JSON patch is 10000, got 10001/,
  })
})
