import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import t from 'tap'
import type { Test } from 'tap'
import { kinds } from '../kinds/registry.ts'
import { digestDocument } from './document-digest.ts'
import type { DocumentDigest } from './document-digest.ts'
import { OpenApi } from './open-api.ts'
import type { OpenApiDocument } from './open-api.ts'

interface Recording {
  readonly v2: DocumentDigest
  readonly v3: Readonly<Record<string, DocumentDigest>>
}

const path = fileURLToPath(new URL('../../recordings/openapi.json', import.meta.url))
const recording = JSON.parse(readFileSync(path, 'utf8')) as Recording
const openApi = new OpenApi(kinds, '1.36')

function parse(document: OpenApiDocument | undefined): unknown {
  return JSON.parse(document!.bytes.toString())
}

/** Every part that ours has must be the real server's; it may have more. */
function compare(t: Test, ours: DocumentDigest, theirs: DocumentDigest, name: string): void {
  for (const part of ['paths', 'definitions'] as const) {
    const names = Object.keys(ours[part])
    const other = names.filter((key) => ours[part][key] !== theirs[part][key])
    t.same(other, [], `${name}: ${names.length} ${part}`)
  }
}

t.test('states each path and type as the real API server does, prose apart', async (t) => {
  const index = parse(openApi.index()) as { paths: Record<string, { serverRelativeURL: string }> }
  t.ok(Object.keys(index.paths).length > 20)
  for (const [name, { serverRelativeURL }] of Object.entries(index.paths)) {
    const document = openApi.v3(name)!
    t.equal(serverRelativeURL, `/openapi/v3/${name}?hash=${document.hash}`)
    compare(t, digestDocument(parse(document)), recording.v3[name]!, name)
  }
  compare(t, digestDocument(parse(openApi.v2())), recording.v2, 'v2')
})

t.test('covers every path of the groups whose kinds are all there', async (t) => {
  for (const name of ['apis/coordination.k8s.io/v1', 'apis/rbac.authorization.k8s.io/v1']) {
    const ours = digestDocument(parse(openApi.v3(name)))
    t.same(Object.keys(ours.paths).sort(), Object.keys(recording.v3[name]!.paths).sort(), name)
  }
})

t.test('keeps documents, and gives another hash when the kinds differ', async (t) => {
  t.equal(openApi.v3('api/v1'), openApi.v3('api/v1'))
  t.equal(openApi.v3('apis/none/v1'), undefined)
  t.match(openApi.v3Hash('api/v1'), /^[0-9A-F]{128}$/)
  const fewer = new OpenApi(
    kinds.filter(({ type }) => type.kind !== 'Deployment'),
    '1.36',
  )
  t.equal(fewer.v3Hash('api/v1'), openApi.v3Hash('api/v1'))
  t.not(fewer.v3Hash('apis/apps/v1'), openApi.v3Hash('apis/apps/v1'))
  t.not(fewer.v2().hash, openApi.v2().hash)
})

t.test('speaks of the patch operation as kubectl looks for it', async (t) => {
  const { paths } = parse(openApi.v3('apis/apps/v1')) as {
    paths: Record<string, { patch: { parameters: { name: string }[] } }>
  }
  const { patch } = paths['/apis/apps/v1/namespaces/{namespace}/deployments/{name}']!
  t.match(patch, {
    'x-kubernetes-action': 'patch',
    'x-kubernetes-group-version-kind': { group: 'apps', version: 'v1', kind: 'Deployment' },
  })
  t.ok(patch.parameters.some(({ name }) => name === 'fieldValidation'))
})

t.test('writes v2 as protobuf too', async (t) => {
  const { bytes, contentType, hash } = openApi.v2Protobuf()
  t.equal(contentType, 'application/com.github.proto-openapi.spec.v2.v1.0+protobuf')
  t.equal(hash, openApi.v2().hash)
  // Field 1 of Document is the version, field 2 its Info with title and version.
  const start = '\n\u00032.0\u0012\u0012\n\nKubernetes\u0012\u00041.36'
  t.equal(bytes.subarray(0, start.length).toString(), start)
  t.ok(bytes.includes('x-kubernetes-group-version-kind'))
})
