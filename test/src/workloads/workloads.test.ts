// Workloads beside Deployments, as a person meets them: jobs that end, stateful sets in order, budgets that hold a drain.
import t from 'tap'
import { TestCluster } from '../support/cluster.ts'
import { needs } from '../support/programs.ts'

const statefulSet = `
apiVersion: v1
kind: Service
metadata: { name: db }
spec: { clusterIP: None, selector: { app: db }, ports: [{ port: 80 }] }
---
apiVersion: apps/v1
kind: StatefulSet
metadata: { name: db }
spec:
  serviceName: db
  replicas: 2
  selector: { matchLabels: { app: db } }
  template:
    metadata: { labels: { app: db } }
    spec:
      terminationGracePeriodSeconds: 1
      tolerations: [{ operator: Exists }]
      containers: [{ name: main, image: nginx }]
---
apiVersion: policy/v1
kind: PodDisruptionBudget
metadata: { name: db }
spec: { minAvailable: 2, selector: { matchLabels: { app: db } } }
`

t.test('jobs, cron jobs, stateful sets and budgets', { skip: needs('kubectl') }, async (t) => {
  const cluster = await TestCluster.start({ hosts: 1 })
  t.teardown(() => cluster.remove())
  await cluster.kubectl('taint', 'nodes', '--all', 'node-role.kubernetes.io/control-plane-')

  await t.test('a job runs to its end, and takes its pods along when it goes', async (t) => {
    await cluster.kubectl('create', 'job', 'sum', '--image=busybox', '--', 'echo', 'done')
    await cluster.kubectl('wait', '--for=condition=Complete', 'job/sum', '--timeout=120s')
    t.match(await cluster.kubectl('logs', 'job/sum'), 'done')
    t.match(await cluster.kubectl('get', 'job', 'sum'), /sum +Complete +1\/1/)
    await cluster.kubectl('delete', 'job', 'sum')
    await cluster.kubectl('wait', '--for=delete', 'pod', '-l', 'job-name=sum', '--timeout=60s')
  })

  await t.test('a cron job can be started by hand', async (t) => {
    const words = ['--image=busybox', '--schedule=0 0 1 1 *', '--', 'true']
    await cluster.kubectl('create', 'cronjob', 'yearly', ...words)
    await cluster.kubectl('create', 'job', 'now', '--from=cronjob/yearly')
    await cluster.kubectl('wait', '--for=condition=Complete', 'job/now', '--timeout=120s')
    t.match(await cluster.kubectl('get', 'cronjob'), /yearly +0 0 1 1 \* +<none> +False +0 +<none>/)
  })

  await t.test('a stateful set has its pods in order, by name in the DNS', async (t) => {
    await cluster.kubectlWithInput(statefulSet, 'apply', '-f', '-')
    await cluster.kubectl('rollout', 'status', 'statefulset/db', '--timeout=120s')
    t.match(await cluster.kubectl('get', 'pods', '-l', 'app=db', '-o', 'name'), /db-0\n.*db-1\n/)
    t.equal((await cluster.kubectl('exec', 'db-1', '--', 'hostname')).trim(), 'db-1')
  })

  await t.test('a drain waits for what the budget allows', async (t) => {
    const budget = ['wait', '--for=jsonpath={.status.currentHealthy}=2', 'pdb/db', '--timeout=60s']
    await cluster.kubectl(...budget)
    const drain = ['drain', 'master', '--ignore-daemonsets', '--pod-selector=app=db']
    const refused = await cluster.tryKubectl(...drain, '--timeout=1s')
    t.not(refused.code, 0)
    t.match(refused.stderr, "Cannot evict pod as it would violate the pod's disruption budget.")
    await cluster.kubectl('patch', 'pdb', 'db', '-p', '{"spec":{"minAvailable":0}}')
    const uid = ['get', 'pod', 'db-0', '-o', 'jsonpath={.metadata.uid}']
    const before = await cluster.kubectl(...uid)
    await cluster.kubectl(...drain, '--timeout=90s')
    await cluster.kubectl('rollout', 'status', 'statefulset/db', '--timeout=120s')
    t.not(await cluster.kubectl(...uid), before, 'they come back under the same names')
  })
})
