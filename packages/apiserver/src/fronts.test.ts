import { readFileSync } from 'node:fs'
import t from 'tap'
import { admin as adminUser, TestServer } from './testing/test-server.ts'
import { cases } from './testing/cases.ts'
import type { CaseWorld } from './testing/cases/case.ts'

/** What a real kube-apiserver answered (scripts/record-answers.ts). */
const recorded = JSON.parse(
  readFileSync(new URL('../recordings/answers.json', import.meta.url), 'utf8'),
) as Record<string, unknown>

const nobodyUser = { name: 'nobody', groups: [] }
for (const front of ['rest', 'grpc'] as const) {
  t.test(`answers over ${front} as the real server does`, async (t) => {
    const server = await TestServer.start()
    t.teardown(() => server.stop())
    const admin = await server[front](adminUser)
    const nobody = await server[front](nobodyUser)
    for (const [i, wanted] of cases.entries()) {
      const { name } = wanted
      const world: CaseWorld = { admin, nobody, namespace: `case-${front}-${i}` }
      await openNamespace(world)
      const answer = JSON.parse(
        JSON.stringify(await wanted.run(world)).replaceAll(world.namespace, 'case'),
      ) as unknown
      t.same(answer, recorded[name], name)
      t.ok(recorded[name] !== undefined, `${name} is recorded`)
    }
  })
}

async function openNamespace({ admin, namespace }: CaseWorld): Promise<void> {
  const place = { group: '', version: 'v1', namespace: '', name: '', subresource: '' }
  await admin.create(
    { ...place, resource: 'namespaces' },
    { kind: 'Namespace', apiVersion: 'v1', metadata: { name: namespace } },
  )
  await admin.create(
    { ...place, resource: 'serviceaccounts', namespace },
    { kind: 'ServiceAccount', apiVersion: 'v1', metadata: { name: 'default' } },
  )
}
