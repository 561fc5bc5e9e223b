import t from 'tap'
import { TestCluster } from '../support/cluster.ts'
import { eventually } from '../support/eventually.ts'
import type { Listed, PodObject } from '../support/objects.ts'
import { needs } from '../support/programs.ts'

const skip = needs('kubectl')

t.test("the worked example, steps 8 and 9: the documents' first exercises", { skip }, async (t) => {
  const cluster = await TestCluster.start()
  t.teardown(() => cluster.remove())
  const apply = (...objects: readonly object[]): Promise<string> =>
    cluster.kubectlWithInput(
      JSON.stringify({ apiVersion: 'v1', kind: 'List', items: objects }),
      'apply',
      '-f',
      '-',
    )
  const pod = (name: string, container: object, spec: object = {}): object => ({
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name, labels: { app: name } },
    spec: { containers: [{ name, image: 'busybox', ...container }], ...spec },
  })
  const podsOf = async (app: string): Promise<readonly PodObject[]> =>
    (await cluster.json<Listed<PodObject>>('pods', '-l', `app=${app}`)).items

  await t.test('a DaemonSet runs on every worker', async (t) => {
    const labels = { app: 'agent' }
    await apply({
      apiVersion: 'apps/v1',
      kind: 'DaemonSet',
      metadata: { name: 'agent' },
      spec: {
        selector: { matchLabels: labels },
        template: {
          metadata: { labels },
          spec: { containers: [{ name: 'agent', image: 'registry.k8s.io/pause:3.10.2' }] },
        },
      },
    })
    await cluster.kubectl('rollout', 'status', 'daemonset/agent', '--timeout=240s')
    const nodes = (await podsOf('agent')).map((p) => p.spec.nodeName ?? '').sort()
    t.same(nodes, ['worker1', 'worker2'])
    t.match(await cluster.kubectl('get', 'ds', 'agent'), /agent +2 +2 +2 +2 +2 +<none>/)
  })

  await t.test('liveness restarts a container, by HTTP and by exec', async (t) => {
    await apply(
      pod(
        'live-exec',
        {
          command: ['sh', '-c', 'touch /tmp/well; sleep 3; rm /tmp/well; sleep 600'],
          livenessProbe: {
            exec: { command: ['cat', '/tmp/well'] },
            periodSeconds: 1,
            failureThreshold: 1,
          },
        },
        { terminationGracePeriodSeconds: 1 },
      ),
      pod(
        'live-http',
        {
          image: 'hello',
          livenessProbe: { httpGet: { path: '/', port: 9 }, periodSeconds: 1, failureThreshold: 1 },
        },
        { terminationGracePeriodSeconds: 1 },
      ),
    )
    for (const name of ['live-exec', 'live-http']) {
      await eventually(`${name} is restarted`, async () => {
        const [p] = await podsOf(name)
        return (p?.status.containerStatuses?.[0]?.restartCount ?? 0) > 0 ? true : undefined
      })
    }
    // Events follow the status.
    const described = await eventually('why is told', async () => {
      const text = await cluster.kubectl('describe', 'pod', 'live-exec')
      return text.includes('Unhealthy') ? text : undefined
    })
    t.match(described, /Warning +Unhealthy .*Liveness probe failed/)
    await cluster.kubectl('delete', 'pod', 'live-exec', 'live-http', '--grace-period=1')
  })

  await t.test('readiness takes a pod out of its Service and back in', async (t) => {
    await apply(
      pod('gate', {
        image: 'hello',
        readinessProbe: {
          exec: { command: ['test', '!', '-e', '/tmp/closed'] },
          periodSeconds: 1,
          failureThreshold: 1,
        },
      }),
    )
    await cluster.kubectl('expose', 'pod', 'gate', '--port=80', '--target-port=8001')
    const addresses = (): Promise<string> =>
      cluster.kubectl('get', 'endpoints', 'gate', '-o', 'jsonpath={.subsets[*].addresses[*].ip}')
    await eventually('it is in', async () => ((await addresses()) !== '' ? true : undefined))
    await cluster.kubectl('exec', 'gate', '--', 'touch', '/tmp/closed')
    await eventually('it is out', async () => ((await addresses()) === '' ? true : undefined))
    await cluster.kubectl('exec', 'gate', '--', 'rm', '/tmp/closed')
    await eventually('it is in again', async () => ((await addresses()) !== '' ? true : undefined))
    t.pass('followed its readiness')
  })

  await t.test('a Secret and a ConfigMap come as environment and as files', async (t) => {
    await cluster.kubectl('create', 'configmap', 'settings', '--from-literal=color=blue')
    await cluster.kubectl('create', 'secret', 'generic', 'keys', '--from-literal=password=s3cret')
    await apply(
      pod(
        'reader',
        {
          command: [
            'sh',
            '-c',
            'echo $COLOR $PASSWORD; cat /etc/settings/color /etc/keys/password; echo; sleep 600',
          ],
          env: [
            { name: 'COLOR', valueFrom: { configMapKeyRef: { name: 'settings', key: 'color' } } },
            { name: 'PASSWORD', valueFrom: { secretKeyRef: { name: 'keys', key: 'password' } } },
          ],
          volumeMounts: [
            { name: 'settings', mountPath: '/etc/settings' },
            { name: 'keys', mountPath: '/etc/keys' },
          ],
        },
        {
          volumes: [
            { name: 'settings', configMap: { name: 'settings' } },
            { name: 'keys', secret: { secretName: 'keys' } },
          ],
          terminationGracePeriodSeconds: 1,
        },
      ),
    )
    await cluster.kubectl('wait', '--for=condition=Ready', 'pod/reader', '--timeout=240s')
    const log = await eventually('it has printed', async () => {
      const text = await cluster.kubectl('logs', 'reader')
      return text.includes('blues3cret') ? text : undefined
    })
    t.equal(log, 'blue s3cret\nblues3cret\n')
  })

  await t.test("a pod reaches another through the Service's DNS name", async (t) => {
    await cluster.kubectl('create', 'deployment', 'greeter', '--image=hello', '--port=8001')
    await cluster.kubectl('expose', 'deployment', 'greeter', '--port=80', '--target-port=8001')
    await cluster.kubectl('rollout', 'status', 'deployment/greeter', '--timeout=240s')
    await apply(pod('asker', { command: ['sleep', '600'] }, { terminationGracePeriodSeconds: 1 }))
    await cluster.kubectl('wait', '--for=condition=Ready', 'pod/asker', '--timeout=240s')
    for (const name of ['greeter', 'greeter.default', 'greeter.default.svc.cluster.local']) {
      const page = await eventually(`${name} answers`, async () => {
        const { code, stdout } = await cluster.tryKubectl(
          'exec',
          'asker',
          '--',
          'wget',
          '-q',
          '-O',
          '-',
          `http://${name}/`,
        )
        return code === 0 ? stdout : undefined
      })
      t.match(page, 'greeter-')
    }
  })

  await t.test(
    'a ReplicationController of the 2014 kind is listed, scaled, and served',
    async (t) => {
      const labels = { app: 'old' }
      await apply(
        {
          apiVersion: 'v1',
          kind: 'ReplicationController',
          metadata: { name: 'old' },
          spec: {
            replicas: 2,
            selector: labels,
            template: {
              metadata: { labels },
              spec: { containers: [{ name: 'old', image: 'hello' }] },
            },
          },
        },
        {
          apiVersion: 'v1',
          kind: 'Service',
          metadata: { name: 'old' },
          spec: { selector: labels, ports: [{ port: 80, targetPort: 8001 }] },
        },
      )
      const listed = await eventually('two are ready', async () => {
        const text = await cluster.kubectl('get', 'rc')
        return /^old +2 +2 +2 /m.test(text) ? text : undefined
      })
      t.match(listed, /^NAME +DESIRED +CURRENT +READY +AGE\n/)
      await cluster.kubectl('scale', 'rc', 'old', '--replicas=3')
      await eventually('three are in the Service', async () => {
        const text = await cluster.kubectl(
          'get',
          'endpoints',
          'old',
          '-o',
          'jsonpath={.subsets[*].addresses[*].ip}',
        )
        return text.split(' ').length === 3 ? true : undefined
      })
      t.pass('served')
    },
  )

  await t.test("a pod bigger than every node stays Pending with upstream's message", async (t) => {
    await apply(pod('giant', { command: ['sleep', '1'], resources: { requests: { cpu: '4000' } } }))
    const described = await eventually('the scheduler says why', async () => {
      const text = await cluster.kubectl('describe', 'pod', 'giant')
      return text.includes('FailedScheduling') ? text : undefined
    })
    t.match(described, /^Status: +Pending$/m)
    t.match(
      described,
      /0\/3 nodes are available: 1 node\(s\) had untolerated taint\(s\), 2 Insufficient cpu\. /,
    )
  })

  await t.test(
    'an unknown image shows ErrImagePull, then ImagePullBackOff, and what images there are',
    async (t) => {
      await cluster.kubectl('run', 'nothing', '--image=no-such-image:v9')
      await eventually('it is held back', async () => {
        const text = await cluster.kubectl('get', 'pod', 'nothing')
        return text.includes('ImagePullBackOff') ? true : undefined
      })
      // The first reason stands in the status for a moment only; its event stays.
      const described = await eventually('why is told', async () => {
        const text = await cluster.kubectl('describe', 'pod', 'nothing')
        return text.includes('Error: ErrImagePull') ? text : undefined
      })
      t.match(
        described,
        /Warning +Failed .*Failed to pull image "no-such-image:v9".*busybox.*nginx/,
      )
    },
  )
})
