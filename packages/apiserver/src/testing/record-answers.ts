// Records what a real kube-apiserver answers to the cases:
//   node packages/apiserver/dist/testing/record-answers.js KUBECONFIG NOBODY.crt NOBODY.key [WORD]
// With a word only the cases whose name has it; the other answers stay.
// The kubeconfig must be of system:masters (peers' super-admin.conf); the certificate's common name
// is `nobody`.
import { readFileSync, writeFileSync } from 'node:fs'
import { loadKubeconfig, openRest } from '@kemu/client'
import { cases } from './cases.ts'

const [kubeconfig = '', certFile = '', keyFile = '', word = ''] = process.argv.slice(2)
const file = new URL('../../recordings/answers.json', import.meta.url)
const access = loadKubeconfig(kubeconfig)
const admin = openRest(access, 'record-answers')
const nobody = openRest(
  {
    server: access.server,
    ca: access.ca,
    cert: readFileSync(certFile, 'utf8'),
    key: readFileSync(keyFile, 'utf8'),
  },
  'record-answers',
)
const before = JSON.parse(readFileSync(file, 'utf8')) as Record<string, unknown>
const answers: Record<string, unknown> = {}
for (const [i, recorded] of cases.entries()) {
  const { name } = recorded
  if (!name.includes(word)) {
    answers[name] = before[name]
    continue
  }
  const namespace = `case-rec-${process.pid}-${i}`
  const place = { group: '', version: 'v1', namespace: '', name: '', subresource: '' }
  await admin.create(
    { ...place, resource: 'namespaces' },
    { kind: 'Namespace', apiVersion: 'v1', metadata: { name: namespace } },
  )
  await waitForAccount(namespace)
  const answer = JSON.stringify(await recorded.run({ admin, nobody, namespace }))
  answers[name] = JSON.parse(answer.replaceAll(namespace, 'case')) as unknown
  await admin.delete({ ...place, resource: 'namespaces', name: namespace })
}
writeFileSync(file, `${JSON.stringify(answers, null, 1)}\n`)
admin.close()
nobody.close()

async function waitForAccount(namespace: string): Promise<void> {
  const account = {
    group: '',
    version: 'v1',
    resource: 'serviceaccounts',
    namespace,
    name: 'default',
    subresource: '',
  }
  for (;;) {
    try {
      await admin.get(account)
      return
    } catch {
      await new Promise((resolve) => setTimeout(resolve, 50))
    }
  }
}
