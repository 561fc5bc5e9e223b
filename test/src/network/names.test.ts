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
    await becomes('own', 'crowd.default', one)
    const usual = await cluster.kubectl('exec', 'one', '--', 'cat', '/etc/resolv.conf')
    t.match(usual, /^search default\.svc\.cluster\.local svc\.cluster\.local cluster\.local/m)
    t.match(usual, /^nameserver 10\.96\.0\.10$/m)
    t.match(usual, /^options ndots:5$/m)
  })
})
