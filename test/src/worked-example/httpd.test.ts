import { join } from 'node:path'
import t from 'tap'
import { TestCluster } from '../support/cluster.ts'
import { eventually } from '../support/eventually.ts'
import type { Listed, PodObject } from '../support/objects.ts'
import { needs, root } from '../support/programs.ts'

const skip = needs('kubectl')

t.test(
  'the worked example, steps 1 and 2: nodes, and httpd on two workers',
  { skip },
  async (t) => {
    const cluster = await TestCluster.start()
    t.teardown(() => cluster.remove())

    const nodes = (await cluster.kubectl('get', 'nodes')).trim().split('\n')
    t.match(nodes[0], /^NAME +STATUS +ROLES +AGE +VERSION$/)
    t.match(nodes[1], /^master +Ready +control-plane +\S+ +v1\.36\.\d+$/)
    t.match(nodes[2], /^worker1 +Ready +<none> +\S+ +v1\.36\.\d+$/)
    t.match(nodes[3], /^worker2 +Ready +<none> +\S+ +v1\.36\.\d+$/)

    t.equal(
      await cluster.kubectl('apply', '-f', join(root, 'examples/httpd.yaml')),
      'deployment.apps/httpd created\nservice/httpd created\n',
    )
    await cluster.kubectl('rollout', 'status', 'deployment/httpd', '--timeout=240s')
    const deployment = (await cluster.kubectl('get', 'deployment', '-o', 'wide')).split('\n')
    t.match(
      deployment[0],
      /^NAME +READY +UP-TO-DATE +AVAILABLE +AGE +CONTAINERS +IMAGES +SELECTOR$/,
    )
    t.match(deployment[1], /^httpd +2\/2 +2 +2 +\S+ +httpd +httpd +app=httpd_server$/)

    const { items } = await cluster.json<Listed<PodObject>>('pods', '-l', 'app=httpd_server')
    t.equal(new Set(items.map((pod) => pod.spec.nodeName)).size, 2, 'on two different workers')
    t.notOk(
      items.some((pod) => pod.spec.nodeName === 'master'),
      'none on the control plane',
    )
    t.equal(new Set(items.map((pod) => pod.status.podIP)).size, 2, 'with different addresses')

    // Events follow the status.
    const described = await eventually('its start is told', async () => {
      const text = await cluster.kubectl('describe', 'pod', items[0]!.metadata.name)
      return text.includes('Started') ? text : undefined
    })
    for (const pattern of [
      /^Conditions:\n +Type +Status/m,
      /^Volumes:\n +kube-api-access-\w{5}:/m,
      /^QoS Class: +BestEffort$/m,
      /^Tolerations: +node.kubernetes.io\/not-ready:NoExecute op=Exists for 300s$/m,
      /Normal +Scheduled +\S+ +default-scheduler +Successfully assigned default\/httpd-\S+ to worker\d/,
      /Normal +Pulled +\S+ +kubelet +/,
      /Normal +Created +\S+ +kubelet +/,
      /Normal +Started +\S+ +kubelet +/,
    ]) {
      t.match(described, pattern)
    }

    const system = await cluster.kubectl('get', 'pods', '-n', 'kube-system', '-o', 'wide')
    for (const name of [
      'etcd-master',
      'kube-apiserver-master',
      'kube-controller-manager-master',
      'kube-scheduler-master',
      /coredns-\w+-\w{5}/,
      /kube-proxy-\w{5}/,
    ]) {
      t.match(system, name)
    }
  },
)
