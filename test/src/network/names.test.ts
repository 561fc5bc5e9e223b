import t from 'tap'
import { TestCluster } from '../support/cluster.ts'
import { eventually } from '../support/eventually.ts'
import { needs } from '../support/programs.ts'

const skip = needs('kubectl')

const objects = `
apiVersion: v1
kind: Service
metadata: {name: crowd}
spec: {clusterIP: None, selector: {app: crowd}, ports: [{name: http, port: 80}]}
---
apiVersion: v1
kind: Service
metadata: {name: early}
spec: {clusterIP: None, publishNotReadyAddresses: true, selector: {app: late}, ports: [{port: 80}]}
---
apiVersion: v1
kind: Service
metadata: {name: patient}
spec: {clusterIP: None, selector: {app: late}, ports: [{port: 80}]}
---
apiVersion: v1
kind: Service
metadata: {name: elsewhere}
spec: {type: ExternalName, externalName: crowd.default.svc.cluster.local}
---
apiVersion: v1
kind: Pod
metadata: {name: one, labels: {app: crowd}}
spec:
  hostname: first
  subdomain: crowd
  terminationGracePeriodSeconds: 1
  containers: [{name: busybox, image: busybox, command: [sleep, "100000"]}]
---
apiVersion: v1
kind: Pod
metadata: {name: late, labels: {app: late}}
spec:
  terminationGracePeriodSeconds: 1
  containers:
  - name: busybox
    image: busybox
    command: [sleep, "100000"]
    readinessProbe: {exec: {command: ["false"]}, periodSeconds: 1}
---
apiVersion: v1
kind: Pod
metadata: {name: own}
spec:
  dnsPolicy: None
  dnsConfig:
    nameservers: [10.96.0.10]
    searches: [svc.cluster.local]
    options: [{name: ndots, value: "2"}]
  terminationGracePeriodSeconds: 1
  containers: [{name: busybox, image: busybox, command: [sleep, "100000"]}]
`

t.test('names inside pods', { skip }, async (t) => {
  const cluster = await TestCluster.start({ hosts: 2 })
  t.teardown(() => cluster.remove())
  await cluster.kubectlWithInput(objects, 'apply', '-f', '-')
  await cluster.kubectl('wait', '--for=condition=Ready', '--timeout=240s', 'pod/one', 'pod/own')
  const addressOf = (pod: string): Promise<string> =>
    eventually(`${pod} has an address`, async () => {
      const path = 'jsonpath={.status.podIP}'
      return (await cluster.kubectl('get', 'pod', pod, '-o', path)) || undefined
    })
  /** Addresses that a name has for a pod; '' where it has none. */
  const lookup = async (pod: string, name: string): Promise<string> => {
    const words = ['exec', pod, '--', 'nslookup', name]
    const { code, stdout } = await cluster.tryKubectl(...words)
    if (code !== 0 || !stdout.includes('Name:')) return ''
    const answer = stdout.slice(stdout.indexOf('Name:'))
    return [...answer.matchAll(/Address: (\S+)/g)].map(([, address]) => address).join(' ')
  }
  const becomes = (pod: string, name: string, wanted: string): Promise<boolean> =>
    eventually(`${pod} finds ${name}: ${wanted}`, async () =>
      (await lookup(pod, name)) === wanted ? true : undefined,
    )
  const one = await addressOf('one')

  await t.test(
    'a headless service, a host name in it, an alias, by every search domain',
    async (t) => {
      for (const name of [
        'crowd',
        'crowd.default',
        'crowd.default.svc',
        'crowd.default.svc.cluster.local',
        'first.crowd',
        'elsewhere',
        `${one.replaceAll('.', '-')}.default.pod.cluster.local`,
      ])
        t.ok(await becomes('one', name, one), name)
    },
  )

  await t.test('a pod that is not ready has a name only where the service says so', async (t) => {
    t.ok(await becomes('one', 'early', await addressOf('late')))
    t.ok(await becomes('one', 'patient', ''))
  })

  await t.test("a pod's own configuration replaces the cluster's", async (t) => {
    const file = await cluster.kubectl('exec', 'own', '--', 'cat', '/etc/resolv.conf')
    t.equal(file, 'search svc.cluster.local\nnameserver 10.96.0.10\noptions ndots:2\n')
    t.ok(await becomes('own', 'crowd.default', one))
    const usual = await cluster.kubectl('exec', 'one', '--', 'cat', '/etc/resolv.conf')
    t.match(usual, /^search default\.svc\.cluster\.local svc\.cluster\.local cluster\.local/m)
    t.match(usual, /^nameserver 10\.96\.0\.10$/m)
    t.match(usual, /^options ndots:5$/m)
  })

  await t.test("dig's questions", { skip: needs('dig') }, async (t) => {
    const dig = (...words: readonly string[]): Promise<string> =>
      cluster.kubectl('exec', 'one', '--', 'dig', ...words)
    for (const [words, answer] of specification(one)) {
      const said = await dig('+noall', '+answer', '+nottlid', ...words.split(' '))
      t.same(records(said), [...answer].sort(), words)
      t.same(
        records(await dig('+noall', '+answer', '+nottlid', '+tcp', ...words.split(' '))),
        [...answer].sort(),
      )
    }
    const srv = await dig('+noall', '+additional', '+nottlid', 'SRV', `_http._tcp.${crowd}`)
    t.same(records(srv), [`first.${crowd} IN A ${one}`], 'a target comes with its address')
    for (const [words, status] of [
      [`AAAA ${crowd}`, 'NOERROR'],
      ['A default.svc.cluster.local.', 'NOERROR'],
      ['A nobody.default.svc.cluster.local.', 'NXDOMAIN'],
      [`SRV _nothing._tcp.${crowd}`, 'NXDOMAIN'],
      ['A crowd.nowhere.svc.cluster.local.', 'NXDOMAIN'],
    ] as const) {
      const said = await dig('+noall', '+comments', '+authority', ...words.split(' '))
      t.match(said, new RegExp(`status: ${status}, id`), words)
      t.match(said, /flags: qr aa rd\b.*; QUERY: 1, ANSWER: 0, AUTHORITY: 1/, words)
      t.match(said, /^cluster\.local\.\s+\d+\s+IN\s+SOA\s+ns\.dns\.cluster\.local\. /m, words)
    }
  })
})

const crowd = 'crowd.default.svc.cluster.local.'

/** Questions, and the whole answer sections that the Kubernetes DNS specification 1.1.0 wants for them. */
function specification(one: string): readonly (readonly [string, readonly string[]])[] {
  const kubernetes = 'kubernetes.default.svc.cluster.local.'
  const elsewhere = 'elsewhere.default.svc.cluster.local.'
  const reverse = `${one.split('.').toReversed().join('.')}.in-addr.arpa.`
  const dashed = `${one.replaceAll('.', '-')}.default.pod.cluster.local.`
  return [
    [`A ${kubernetes}`, [`${kubernetes} IN A 10.96.0.1`]],
    [`SRV _https._tcp.${kubernetes}`, [`_https._tcp.${kubernetes} IN SRV 0 100 443 ${kubernetes}`]],
    ['-x 10.96.0.1', [`1.0.96.10.in-addr.arpa. IN PTR ${kubernetes}`]],
    [`A ${crowd}`, [`${crowd} IN A ${one}`]],
    [`A first.${crowd}`, [`first.${crowd} IN A ${one}`]],
    [`SRV _http._tcp.${crowd}`, [`_http._tcp.${crowd} IN SRV 0 100 80 first.${crowd}`]],
    [`-x ${one}`, [`${reverse} IN PTR first.${crowd}`]],
    [`CNAME ${elsewhere}`, [`${elsewhere} IN CNAME ${crowd}`]],
    [`A ${elsewhere}`, [`${elsewhere} IN CNAME ${crowd}`, `${crowd} IN A ${one}`]],
    [`A ${dashed}`, [`${dashed} IN A ${one}`]],
    ['TXT dns-version.cluster.local.', ['dns-version.cluster.local. IN TXT "1.1.0"']],
    ['+search A crowd', [`${crowd} IN A ${one}`]],
    ['+search A first.crowd', [`first.${crowd} IN A ${one}`]],
    ['+search A kubernetes.default.svc', [`${kubernetes} IN A 10.96.0.1`]],
  ]
}

/** dig's lines as single-spaced text, sorted. */
function records(said: string): string[] {
  const lines = said.split('\n').filter((line) => line !== '')
  return lines.map((line) => line.split(/\s+/).join(' ')).sort()
}
