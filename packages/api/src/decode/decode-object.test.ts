import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import t from 'tap'
import { decodeObject } from './decode-object.ts'
import type { DecodeRequest, ExpectedType, FieldValidation } from './decode-object.ts'

interface Recorded {
  readonly resource: string
  readonly mediaType?: DecodeRequest['mediaType']
  readonly body: string
  readonly strict: string
  readonly warn: string
}

const core = (kind: string): ExpectedType => {
  return { group: '', version: 'v1', kind, schema: `io.k8s.api.core.v1.${kind}` }
}
const deployment: ExpectedType = {
  group: 'apps',
  version: 'v1',
  kind: 'Deployment',
  schema: 'io.k8s.api.apps.v1.Deployment',
}
const types: Record<string, ExpectedType> = {
  configmaps: core('ConfigMap'),
  secrets: core('Secret'),
  pods: core('Pod'),
  events: core('Event'),
  'apps/deployments': deployment,
}

t.test('answers to every recorded body what the real API server answered', async (t) => {
  const path = fileURLToPath(new URL('../../recordings/decoding.json', import.meta.url))
  const cases = JSON.parse(readFileSync(path, 'utf8')) as Recorded[]
  t.ok(cases.length > 90)
  for (const recorded of cases) {
    t.equal(answer(recorded, 'Strict'), recorded.strict, `strict: ${recorded.body}`)
    t.equal(answer(recorded, 'Warn'), recorded.warn, `warn: ${recorded.body}`)
  }
})

function answer({ resource, mediaType, body }: Recorded, fieldValidation: FieldValidation): string {
  try {
    const { warnings } = decodeObject({
      body,
      mediaType: mediaType ?? 'application/json',
      expected: types[resource]!,
      fieldValidation,
    })
    return ['ok', ...warnings].join('\n')
  } catch (error) {
    return (error as Error).message
  }
}

function decode(body: unknown, expected: ExpectedType): unknown {
  const request = { body: JSON.stringify(body), mediaType: 'application/json' as const, expected }
  return decodeObject({ ...request, fieldValidation: 'Ignore' }).object
}

t.test('writes an object back as Go would', async (t) => {
  t.same(
    decode(
      { metadata: { name: 'a', labels: {} }, data: {}, immutable: null, more: 1 },
      core('ConfigMap'),
    ),
    { kind: 'ConfigMap', apiVersion: 'v1', metadata: { name: 'a' } },
    'empty maps and unknown fields are left out',
  )
  t.same(
    decode({ metadata: {}, spec: { replicas: 0, selector: {}, paused: false } }, deployment),
    {
      kind: 'Deployment',
      apiVersion: 'apps/v1',
      metadata: {},
      spec: {
        replicas: 0,
        selector: {},
        template: { metadata: {}, spec: { containers: [] } },
        strategy: {},
      },
      status: {},
    },
    'pointers keep their zero, structs are always there, omitempty drops false',
  )
})

t.test('keeps scalars in canonical form', async (t) => {
  const pod = decode(
    {
      metadata: { creationTimestamp: '2026-01-01T02:00:00.5+02:00' },
      spec: { containers: [{ name: 'a', resources: { limits: { cpu: 0.5, memory: '1024Mi' } } }] },
    },
    core('Pod'),
  ) as { metadata: unknown; spec: { containers: { resources: unknown }[] } }
  t.same(pod.metadata, { creationTimestamp: '2026-01-01T00:00:00Z' })
  t.same(pod.spec.containers[0]!.resources, { limits: { cpu: '500m', memory: '1Gi' } })
})

t.test('refuses whole numbers that a double cannot hold, and says which', async (t) => {
  t.throws(() => decode({ spec: { activeDeadlineSeconds: 2 ** 60 } }, core('Pod')), {
    message: /cannot unmarshal number 1152921504606847000 into Go struct field PodSpec/,
  })
})

t.test('keeps a key called __proto__ as data', async (t) => {
  const request: DecodeRequest = {
    body: '{"data":{"__proto__":"x"}}',
    mediaType: 'application/json',
    expected: core('ConfigMap'),
    fieldValidation: 'Strict',
  }
  const { data } = decodeObject(request).object as unknown as { data: Record<string, string> }
  t.same(Object.entries(data), [['__proto__', 'x']])
})
