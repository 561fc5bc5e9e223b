import type { TestCluster } from './cluster.ts'
import { eventually } from './eventually.ts'

const agnhost = 'registry.k8s.io/e2e-test-images/agnhost:2.55'

/** A pod on a node of the test's choice that answers `/clientip` on port 8080; resolves when it is ready. */
export async function runServer(
  cluster: TestCluster,
  name: string,
  spec: { readonly nodeName: string; readonly hostNetwork?: boolean },
): Promise<string> {
  const pod = {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name },
    spec: {
      ...spec,
      tolerations: [{ operator: 'Exists' }],
      terminationGracePeriodSeconds: 0,
      containers: [{ name: 'agnhost', image: agnhost, args: ['netexec', '--http-port=8080'] }],
    },
  }
  await cluster.kubectlWithInput(JSON.stringify(pod), 'apply', '-f', '-')
  await cluster.kubectl('wait', '--for=condition=Ready', `pod/${name}`, '--timeout=240s')
  return cluster.kubectl('get', 'pod', name, '-o', 'jsonpath={.status.podIP}')
}

/** The address that a server sees of a pod that connects to it. */
export async function seenFromPod(
  cluster: TestCluster,
  pod: string,
  server: string,
): Promise<string> {
  const words = ['exec', pod, '--', 'wget', '-T', '2', '-qO-', `http://${server}:8080/clientip`]
  // A server is ready when its process runs; it listens a moment later.
  const answer = await eventually(`${pod} reaches ${server}`, async () => cluster.kubectl(...words))
  return answer.split(':')[0]!
}

/** The address that a server sees of a process on a host. */
export async function seenFromHost(
  cluster: TestCluster,
  host: string,
  server: string,
): Promise<string> {
  const code = `fetch('http://${server}:8080/clientip').then((r) => r.text()).then(console.log)`
  const answer = await eventually(`${host} reaches ${server}`, () =>
    cluster.kemuSucceeds('enter', host, process.execPath, '-e', code),
  )
  return answer.trim().split(':')[0]!
}
