// Debian 12 brings kubectl 1.20, which asks for Kubernetes' OpenAPI in version 2 and knows nothing of newer verbs.
import { join } from 'node:path'
import t from 'tap'
import { TestCluster } from '../support/cluster.ts'
import { findProgram, needs, root } from '../support/programs.ts'
import { succeed } from '../support/run.ts'

const skip = needs('kubectl-1.20')

t.test('kubectl 1.20 works with the cluster as with its own', { skip }, async (t) => {
  const cluster = await TestCluster.start({ hosts: 1 })
  t.teardown(() => cluster.remove())
  const env = { ...cluster.env, KUBECONFIG: cluster.kubeconfig, HOME: cluster.stateDir }
  const kubectl = (...args: readonly string[]): Promise<string> =>
    succeed(findProgram('kubectl-1.20')!, args, { env })
  await kubectl('taint', 'nodes', '--all', 'node-role.kubernetes.io/master-').catch(() => '')
  await kubectl('taint', 'nodes', '--all', 'node-role.kubernetes.io/control-plane-')

  t.match(await kubectl('version'), /Server Version: version.Info\{Major:"1", Minor:"36"/)
  t.match(await kubectl('explain', 'pod.spec.containers.image'), /^KIND: +Pod\nVERSION: +v1/)
  t.equal(
    await kubectl('apply', '-f', join(root, 'examples/httpd.yaml')),
    'deployment.apps/httpd created\nservice/httpd created\n',
  )
  t.match(
    await kubectl('rollout', 'status', 'deployment/httpd', '--timeout=240s'),
    'deployment "httpd" successfully rolled out',
  )
  t.match(await kubectl('get', 'deployment', '-o', 'wide'), /^httpd +2\/2 +2 +2 /m)
  t.equal(await kubectl('exec', 'deployment/httpd', '--', 'echo', 'hello'), 'hello\n')
  await kubectl('scale', 'deployment/httpd', '--replicas=1')
  await kubectl('wait', '--for=condition=Available', 'deployment/httpd', '--timeout=240s')
  t.match(await kubectl('describe', 'service', 'httpd'), /^Endpoints: +10\.|^Endpoints: +127\./m)
  await kubectl('patch', 'deployment/httpd', '-p', '{"metadata":{"labels":{"old":"yes"}}}')
  t.match(
    await kubectl('get', 'deployments', '-l', 'old=yes', '-o', 'name'),
    /^deployment.apps\/httpd$/m,
  )
  await kubectl('delete', '-f', join(root, 'examples/httpd.yaml'))
  t.equal(await kubectl('get', 'deployments', '-o', 'name'), '')
})
