import t from 'tap'
import { TestCluster } from '../support/cluster.ts'
import { eventually } from '../support/eventually.ts'
import { fetchOnce, SteadyLoad } from '../support/load.ts'
import { isReady } from '../support/objects.ts'
import type { Listed, PodObject } from '../support/objects.ts'
import { needs } from '../support/programs.ts'

const skip = needs('kubectl', 'nft', 'conntrack', 'ip')
const port = 18_101

interface ServiceObject {
  readonly spec: {
    readonly clusterIP: string
    readonly healthCheckNodePort?: number
    readonly ports: readonly { readonly nodePort: number }[]
  }
}

const manifest = `
apiVersion: apps/v1
kind: Deployment
metadata: {name: web}
spec:
  replicas: 3
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec:
      terminationGracePeriodSeconds: 1
      containers:
      - {name: agnhost, image: registry.k8s.io/e2e-test-images/agnhost:2.63.0, args: [netexec, --http-port=8080, --udp-port=8081]}
---
apiVersion: v1
kind: Service
metadata: {name: web}
spec:
  type: LoadBalancer
  selector: {app: web}
  ports:
  - {name: http, port: ${port}, targetPort: 8080}
  - {name: udp, port: 8081, targetPort: 8081, protocol: UDP}
---
apiVersion: v1
kind: Service
metadata: {name: sticky}
spec:
  sessionAffinity: ClientIP
  selector: {app: web}
  ports: [{port: 80, targetPort: 8080}]
---
apiVersion: v1
kind: Service
metadata: {name: empty}
spec:
  selector: {app: nobody}
  ports: [{port: 80}]
---
apiVersion: v1
kind: Pod
metadata: {name: alone, labels: {app: alone}}
spec:
  nodeName: worker2
  terminationGracePeriodSeconds: 1
  containers:
  - {name: agnhost, image: registry.k8s.io/e2e-test-images/agnhost:2.63.0, args: [netexec, --http-port=8080, --udp-port=-1]}
---
apiVersion: v1
kind: Service
metadata: {name: local}
spec:
  type: LoadBalancer
  externalTrafficPolicy: Local
  selector: {app: alone}
  ports: [{port: ${port + 1}, targetPort: 8080}]
---
apiVersion: v1
kind: Pod
metadata: {name: client}
spec:
  nodeName: worker1
  terminationGracePeriodSeconds: 1
  containers: [{name: busybox, image: busybox, command: [sleep, "100000"]}]
`

/** A client that keeps its port and says each new name that answers, until it has heard two. */
const udpClient = `
const socket = require('dgram').createSocket('udp4')
const heard = new Set()
socket.on('message', (name) => {
  if (heard.has(String(name))) return
  heard.add(String(name))
  console.log(String(name))
  if (heard.size === 2) process.exit(0)
})
const send = () => socket.send('hostname', 8081, process.argv[1])
socket.bind(45454, () => { send(); setInterval(send, 100) })
setTimeout(() => process.exit(1), 240000)
`

t.test('services carried by nftables', { skip }, async (t) => {
  const cluster = await TestCluster.start()
  t.teardown(() => cluster.remove())
  await cluster.kubectlWithInput(manifest, 'apply', '-f', '-')
  const service = (name: string): Promise<ServiceObject> =>
    cluster.json<ServiceObject>('service', name)
  const pods = async (label: string): Promise<readonly PodObject[]> =>
    (await cluster.json<Listed<PodObject>>('pods', '-l', label)).items.filter(
      (pod) => pod.metadata.deletionTimestamp === undefined,
    )
  await cluster.kubectl('rollout', 'status', 'deployment/web', '--timeout=240s')
  await cluster.kubectl(
    'wait',
    '--for=condition=Ready',
    'pod/client',
    'pod/alone',
    '--timeout=240s',
  )
  const url = `http://127.0.0.1:${port}/hostname`
  await eventually('the service answers', () => fetchOnce(url))
  const web = await service('web')
  const onHost = async (host: string, ...command: readonly string[]): Promise<string> => {
    const { code, stdout, stderr } = await cluster.kemu('enter', host, '--', ...command)
    if (code !== 0) throw new Error(`${command.join(' ')} ended with ${code}: ${stderr}`)
    return stdout.trim()
  }
  const curl = (host: string, at: string): Promise<string> =>
    onHost(host, 'curl', '-sS', '-m', '20', at)
  const fromPod = (at: string): Promise<string> =>
    cluster.kubectl('exec', 'client', '--', 'wget', '-qO-', '-T', '20', at)
  const names = async (): Promise<string[]> => (await pods('app=web')).map((p) => p.metadata.name)

  await t.test('the walk from a service to its endpoints can be followed', async (t) => {
    const rules = await onHost('worker1', 'nft', 'list', 'table', 'ip', 'kube-proxy')
    const { clusterIP, ports } = web.spec
    const chain = new RegExp(
      `${clusterIP.replaceAll('.', '\\.')} \\. tcp \\. ${port} : goto (service-\\w{8}-default/web/tcp/http)`,
    ).exec(rules)?.[1]
    t.ok(chain, 'map service-ips names the chain')
    const body = rules.slice(rules.indexOf(`chain ${chain} {`)).split('}')[0]!
    t.match(body, /meta l4proto tcp dnat ip .*to numgen random mod 3 map/)
    for (const { status } of await pods('app=web')) t.match(body, `${status.podIP} . 8080`)
    t.match(rules, new RegExp(`tcp \\. ${ports[0]!.nodePort} : goto external-`))
  })

  await t.test('every way in leads to a pod: from a pod, a host, the machine', async (t) => {
    const all = await names()
    const { clusterIP, ports } = web.spec
    const isOne = (name: string): boolean => all.includes(name)
    t.ok(isOne(await fromPod(`http://web:${port}/hostname`)), 'pod, by name')
    t.ok(isOne(await fromPod(`http://172.18.0.12:${ports[0]!.nodePort}/hostname`)), 'pod, NodePort')
    t.ok(isOne(await curl('worker1', `http://${clusterIP}:${port}/hostname`)), 'host, ClusterIP')
    for (const at of ['172.18.0.11', '172.18.0.12', '127.0.0.1'])
      t.ok(
        isOne(await curl('worker1', `http://${at}:${ports[0]!.nodePort}/hostname`)),
        `host, ${at}`,
      )
    t.ok(isOne(await fetchOnce(url)), 'machine, LoadBalancer')
    t.ok(
      isOne(await fetchOnce(`http://127.0.0.1:${ports[0]!.nodePort}/hostname`)),
      'machine, NodePort',
    )
  })

  await t.test(
    'each pod has its share, a pod reaches itself too, and a client may stick',
    async (t) => {
      const heard = new Set<string>()
      for (let i = 0; i < 60 && heard.size < 3; i++) heard.add(await fetchOnce(url))
      t.equal(heard.size, 3)
      const [one] = await names()
      const own = new Set<string>()
      for (let i = 0; i < 10; i++) {
        const connect = ['/agnhost', 'connect', '--timeout=20s', `web:${port}`]
        own.add(await cluster.kubectl('exec', one!, '--', ...connect))
      }
      t.same([...own], [''], 'hairpin: no attempt failed')
      const { clusterIP } = (await service('sticky')).spec
      const stuck = new Set<string>()
      for (let i = 0; i < 10; i++) stuck.add(await curl('worker1', `http://${clusterIP}/hostname`))
      t.equal(stuck.size, 1, 'session affinity')
    },
  )

  await t.test('session affinity is switched while clients ask, at a NodePort', async (t) => {
    const patch = (spec: object): Promise<string> =>
      cluster.kubectl('patch', 'service', 'sticky', '-p', JSON.stringify({ spec }))
    await patch({ type: 'NodePort' })
    const [{ nodePort }] = (await service('sticky')).spec.ports as [{ nodePort: number }]
    const at = `http://172.18.0.12:${nodePort}/hostname`
    const heard = (): Promise<Set<string>> =>
      onHost(
        'worker1',
        'sh',
        '-c',
        `for i in 1 2 3 4 5 6 7 8 9 10; do curl -s -m 2 ${at}; echo; done`,
      ).then((text) => new Set(text.split('\n').filter((name) => name !== '')))
    const becomes = (what: string, isRight: (names: Set<string>) => boolean): Promise<boolean> =>
      eventually(what, async () => isRight(await heard()) || undefined)
    t.ok(await becomes('one pod answers', ({ size }) => size === 1))
    await patch({ sessionAffinity: 'None' })
    t.ok(await becomes('several pods answer', ({ size }) => size > 1))
    await patch({ sessionAffinity: 'ClientIP' })
    t.ok(await becomes('one pod answers again', ({ size }) => size === 1))
    t.equal((await heard()).size, 1, 'and stays')
  })

  await t.test('nobody behind it: refused at once', async (t) => {
    const { clusterIP } = (await service('empty')).spec
    await t.rejects(curl('worker1', `http://${clusterIP}/`), /Couldn't connect to server|refused/)
    await t.rejects(fromPod('http://empty/'), /Connection refused/)
    await t.rejects(fromPod(`http://web:${port + 7}/`), /Connection refused/, 'a port it has not')
  })

  await t.test("externalTrafficPolicy Local: the client's own address, or nothing", async (t) => {
    const { ports, healthCheckNodePort } = (await service('local')).spec
    const [{ nodePort }] = ports as [{ nodePort: number }]
    const from = await curl('worker1', `http://172.18.0.12:${nodePort}/clientip`)
    t.match(from, /^172\.18\.0\.11:/, 'no masquerade')
    const patient = onHost('master', 'curl', '-m', '2', `http://172.18.0.11:${nodePort}/`)
    await t.rejects(patient, /timed out/, 'dropped')
    t.equal(
      await curl('worker1', `http://172.18.0.11:${nodePort}/hostname`),
      'alone',
      'the node itself',
    )
    const health = (host: string): Promise<string> =>
      onHost(
        host,
        'sh',
        '-c',
        `curl -s -o /dev/null -w %{http_code} http://$(hostname -i | cut -d' ' -f1):${healthCheckNodePort}/`,
      )
    t.equal(await health('worker2'), '200')
    t.equal(await health('worker1'), '503')
  })

  await t.test('a UDP client that keeps its port is led on when its pod goes', async (t) => {
    const talk = cluster.kemu('enter', 'worker1', '--', 'node', '-e', udpClient, web.spec.clusterIP)
    const flow = await eventually('the client has a pod', async () => {
      const flows = await onHost('worker1', 'conntrack', '-L', '-p', 'udp', '--sport', '45454')
      return /src=(10\.244\.\d+\.\d+) dst=\S+ sport=8081/.exec(flows)?.[1]
    })
    const serving = (await pods('app=web')).find((pod) => pod.status.podIP === flow)
    await cluster.kubectl('delete', 'pod', serving!.metadata.name, '--wait=false')
    const { code, stdout } = await talk
    t.equal(code, 0, stdout)
    t.equal(stdout.split('\n')[0], serving!.metadata.name)
  })

  await t.test(
    'after kill -9 of every kube-proxy nothing stops, and the next takes over',
    async (t) => {
      await eventually('three are ready', async () =>
        (await pods('app=web')).filter(isReady).length === 3 ? true : undefined,
      )
      const proxies = async (): Promise<number[]> =>
        (await cluster.kemuSucceeds('status'))
          .split('\n')
          .map((line) => line.split(/ {2,}/))
          .filter((cells) => cells[1] === 'kube-proxy' && /^\d+$/.test(cells[2] ?? ''))
          .map((cells) => Number(cells[2]))
      const load = new SteadyLoad(url, 50)
      const killed = await proxies()
      t.equal(killed.length, 3)
      for (const pid of killed) process.kill(pid, 'SIGKILL')
      const { clusterIP } = web.spec
      for (let i = 0; i < 5; i++) await curl('worker1', `http://${clusterIP}:${port}/hostname`)
      await eventually('others are in their place', async () => {
        const now = await proxies()
        return now.length === 3 && !now.some((pid) => killed.includes(pid)) ? true : undefined
      })
      const { sent, failures } = await load.stop()
      t.same(failures, [], `${sent} requests`)
      await cluster.kubectl('scale', 'deployment/web', '--replicas=1')
      await eventually('they write what changes', async () => {
        const rules = await onHost('worker1', 'nft', 'list', 'table', 'ip', 'kube-proxy')
        return /default\/web\/tcp\/http \{\s+meta l4proto tcp dnat \S+ .*mod 1 map/.test(rules)
          ? true
          : undefined
      })
    },
  )
})
