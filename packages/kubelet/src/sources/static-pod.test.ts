import t from 'tap'
import { readStaticPod } from './static-pod.ts'

const text = `
apiVersion: v1
kind: Pod
metadata: {name: etcd, namespace: kube-system, labels: {tier: control-plane}}
spec:
  hostNetwork: true
  containers:
  - name: etcd
    image: etcd:3
    livenessProbe: {httpGet: {port: 2381}, failureThreshold: 8}
  volumes:
  - {name: data, hostPath: {path: /var/lib/etcd}}
`
const read = (manifest: string, node = 'n1') =>
  readStaticPod({ path: '/m/etcd.yaml', text: manifest, seenAtMs: 0 }, node)

t.test('a manifest becomes a pod of its node with the defaults of the API', async (t) => {
  const pod = read(text)
  t.equal(pod.metadata.name, 'etcd-n1')
  t.match(pod.metadata.annotations, {
    'kubernetes.io/config.source': 'file',
    'kubernetes.io/config.hash': pod.metadata.uid,
  })
  t.match(pod.spec, {
    nodeName: 'n1',
    restartPolicy: 'Always',
    dnsPolicy: 'ClusterFirst',
    terminationGracePeriodSeconds: 30,
    tolerations: [{ operator: 'Exists', effect: 'NoExecute' }],
    volumes: [{ hostPath: { type: '' } }],
  })
  t.match(pod.spec.containers[0], {
    imagePullPolicy: 'IfNotPresent',
    terminationMessagePath: '/dev/termination-log',
    livenessProbe: {
      httpGet: { path: '/', scheme: 'HTTP' },
      periodSeconds: 10,
      timeoutSeconds: 1,
      failureThreshold: 8,
    },
  })
})

t.test('the UID is the same after a restart, another for another node or content', async (t) => {
  t.equal(read(text).metadata.uid, read(text).metadata.uid)
  t.not(read(text).metadata.uid, read(text, 'n2').metadata.uid)
  t.not(read(text).metadata.uid, read(text.replace('etcd:3', 'etcd:4')).metadata.uid)
})

t.test('what is no pod, or needs an API server, is refused by file and reason', async (t) => {
  t.throws(() => read('kind: Service'), '/m/etcd.yaml: is no Pod of v1')
  t.throws(() => read('a: [', 'n1'), /^\/m\/etcd\.yaml: /)
  t.throws(
    () => read(text.replace('hostPath: {path: /var/lib/etcd}', 'secret: {secretName: s}')),
    '/m/etcd.yaml: static pods may not reference secrets',
  )
})
