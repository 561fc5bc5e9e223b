import { spawn } from 'node:child_process'
import { once } from 'node:events'
import t from 'tap'
import { TestCluster } from '../support/cluster.ts'
import { eventually } from '../support/eventually.ts'
import { isReady } from '../support/objects.ts'
import type { PodObject } from '../support/objects.ts'
import { findProgram, needs } from '../support/programs.ts'

const skip = needs('kubectl', 'nft', 'ip')

const agnhost = 'registry.k8s.io/e2e-test-images/agnhost:2.63.0'
const client = (name: string, namespace: string, node: string, role: string): string => `
apiVersion: v1
kind: Pod
metadata: {name: ${name}, namespace: ${namespace}, labels: {role: ${role}}}
spec:
  nodeName: ${node}
  terminationGracePeriodSeconds: 1
  containers: [{name: busybox, image: busybox, command: [sleep, "100000"]}]
`

const objects = `
apiVersion: v1
kind: Namespace
metadata: {name: other, labels: {team: b}}
---
apiVersion: v1
kind: Pod
metadata: {name: web, labels: {app: web}}
spec:
  nodeName: worker1
  terminationGracePeriodSeconds: 1
  containers:
  - name: agnhost
    image: ${agnhost}
    args: [netexec, --http-port=8080, --udp-port=-1]
    ports: [{name: http, containerPort: 8080}]
    readinessProbe: {httpGet: {path: /hostname, port: 8080}, periodSeconds: 1, timeoutSeconds: 20, failureThreshold: 1}
---
apiVersion: v1
kind: Pod
metadata: {name: sink}
spec:
  nodeName: worker2
  terminationGracePeriodSeconds: 1
  containers: [{name: busybox, image: busybox, command: [sh, -c, "sleep 100000 | nc -l -p 9000"]}]
---
apiVersion: v1
kind: Service
metadata: {name: web}
spec: {selector: {app: web}, ports: [{port: 80, targetPort: 8080}]}
---${client('near', 'default', 'worker1', 'friend')}---${client('far', 'default', 'worker2', 'stranger')}`

const foreign = client('foreign', 'other', 'worker2', 'friend')

function policy(name: string, spec: object): string {
  return JSON.stringify({
    apiVersion: 'networking.k8s.io/v1',
    kind: 'NetworkPolicy',
    metadata: { name },
    spec,
  })
}

t.test('NetworkPolicy decides who reaches whom', { skip }, async (t) => {
  const cluster = await TestCluster.start()
  t.teardown(() => cluster.remove())
  await cluster.kubectlWithInput(objects, 'apply', '-f', '-')
  await eventually('the namespace has its account', () =>
    cluster.kubectl('get', 'serviceaccount', 'default', '-n', 'other'),
  )
  await cluster.kubectlWithInput(foreign, 'apply', '-f', '-')
  const ready = ['wait', '--for=condition=Ready', '--timeout=240s']
  await cluster.kubectl(...ready, 'pod/web', 'pod/near', 'pod/far')
  await cluster.kubectl(...ready, 'pod/foreign', '-n', 'other')
  const apply = (name: string, spec: object): Promise<string> =>
    cluster.kubectlWithInput(policy(name, spec), 'apply', '-f', '-')

  const reaches = async (namespace: string, pod: string, url: string): Promise<boolean> => {
    const wget = ['wget', '-qO-', '-T', '2', url]
    const { code } = await cluster.tryKubectl('exec', '-n', namespace, pod, '--', ...wget)
    return code === 0
  }
  /** Who of the three reaches the web pod, by its service and by its address alike. */
  const reaching = async (): Promise<string> => {
    const { status } = await cluster.json<PodObject>('pod', 'web')
    const urls = [
      'http://web.default.svc.cluster.local/hostname',
      `http://${status.podIP}:8080/hostname`,
    ]
    const who = await Promise.all(
      [
        ['default', 'near'],
        ['default', 'far'],
        ['other', 'foreign'],
      ].map(async ([namespace, pod]) => {
        const answers = await Promise.all(urls.map((url) => reaches(namespace!, pod!, url)))
        return answers.every(Boolean) ? pod : answers.some(Boolean) ? `${pod} half` : ''
      }),
    )
    return who.filter((name) => name !== '').join(' ')
  }
  const becomes = (wanted: string): Promise<boolean> =>
    eventually(`reaching it: ${wanted || 'nobody'}`, async () =>
      (await reaching()) === wanted ? true : undefined,
    )

  await becomes('near far foreign')

  await t.test('default deny keeps everybody out, but not the kubelet', async (t) => {
    await apply('web', { podSelector: {}, policyTypes: ['Ingress'] })
    await becomes('')
    t.ok(isReady(await cluster.json<PodObject>('pod', 'web')), 'its probe still answers')
  })

  await t.test('pods, namespaces, blocks and named ports let some in', async (t) => {
    const ingress = async (from: object[], ports: object[] = []): Promise<void> => {
      await apply('web', {
        podSelector: { matchLabels: { app: 'web' } },
        policyTypes: ['Ingress'],
        ingress: [{ from, ports }],
      })
    }
    const friends = { podSelector: { matchLabels: { role: 'friend' } } }
    await ingress([friends])
    await becomes('near')
    await ingress(
      [friends, { namespaceSelector: { matchLabels: { team: 'b' } } }],
      [{ port: 'http' }],
    )
    await becomes('near foreign')
    await ingress([friends], [{ port: 8000, endPort: 8079 }])
    await becomes('')
    const { status } = await cluster.json<PodObject>('pod', 'far')
    await ingress([{ ipBlock: { cidr: '10.244.0.0/16', except: [`${status.podIP}/32`] } }])
    await becomes('near foreign')
    await cluster.kubectl('label', 'pod', 'far', 'role=friend', '--overwrite')
    await ingress([friends])
    await becomes('near far')
    t.pass('a label that changes counts too')
  })

  await t.test('egress: a pod that may only ask the DNS', async (t) => {
    await cluster.kubectl('delete', 'networkpolicy', 'web')
    await becomes('near far foreign')
    await apply('near', {
      podSelector: { matchLabels: { role: 'friend' } },
      policyTypes: ['Egress'],
      egress: [
        {
          ports: [
            { protocol: 'UDP', port: 53 },
            { protocol: 'TCP', port: 53 },
          ],
        },
      ],
    })
    await becomes('foreign')
    const lookup = await cluster.kubectl('exec', 'near', '--', 'nslookup', 'web')
    t.match(lookup, /Name:\s+web\.default\.svc\.cluster\.local/)
    await cluster.kubectl('delete', 'networkpolicy', 'near')
    await becomes('near far foreign')
  })

  await t.test(
    'a running connection is held while a policy denies it, and goes on after',
    async (t) => {
      await cluster.kubectl('wait', '--for=condition=Ready', '--timeout=240s', 'pod/sink')
      const { status } = await cluster.json<PodObject>('pod', 'sink')
      const words = ['exec', '-i', 'near', '--', 'nc', status.podIP!, '9000']
      const env = { ...cluster.env, KUBECONFIG: cluster.kubeconfig }
      const child = spawn(findProgram('kubectl')!, words, {
        env,
        stdio: ['pipe', 'ignore', 'ignore'],
      })
      t.teardown(() => child.kill())
      const heard = async (word: string): Promise<true | undefined> =>
        (await cluster.kubectl('logs', 'sink')).includes(word) ? true : undefined
      child.stdin.write('first\n')
      await eventually('the first word', () => heard('first'))
      await apply('web', { podSelector: {}, policyTypes: ['Ingress'] })
      await becomes('')
      child.stdin.write('second\n')
      t.equal(await reaching(), '', 'some time passes')
      t.notOk(await heard('second'), 'the second word does not arrive')
      await cluster.kubectl('delete', 'networkpolicy', 'web')
      await eventually('the second word', () => heard('second'))
      child.kill()
      await once(child, 'close')
    },
  )
})
