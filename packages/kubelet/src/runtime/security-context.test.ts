import t from 'tap'
import { aContainer, aPod } from '../testing/builders.ts'
import { containerSecurityContext, namespaceOptions } from './security-context.ts'

const root = { uid: undefined, username: '' }

t.test("the container's settings win over the pod's", async (t) => {
  const pod = aPod({
    securityContext: { runAsUser: 1000, runAsGroup: 2000, fsGroup: 3000, supplementalGroups: [4] },
  })
  const container = aContainer('main', {
    securityContext: {
      runAsUser: 5,
      allowPrivilegeEscalation: false,
      capabilities: { add: ['X'] },
    },
  })
  t.match(containerSecurityContext(pod, container, root, undefined), {
    runAsUser: { value: '5' },
    runAsGroup: { value: '2000' },
    supplementalGroups: ['3000', '4'],
    noNewPrivs: true,
    capabilities: { addCapabilities: ['X'], dropCapabilities: [] },
  })
})

t.test('runAsNonRoot refuses root, by number and by image', async (t) => {
  const pod = aPod({ securityContext: { runAsNonRoot: true } })
  const of = (image: { uid: string | undefined; username: string }) => () =>
    containerSecurityContext(pod, aContainer('main'), image, undefined)
  t.throws(of(root), /container has runAsNonRoot and image will run as root/)
  t.throws(of({ uid: undefined, username: 'web' }), /image has non-numeric user \(web\)/)
  t.doesNotThrow(of({ uid: '1000', username: '' }))
})

t.test('namespaces follow the pod', async (t) => {
  t.match(namespaceOptions(aPod()), { network: 'POD', ipc: 'POD', pid: 'CONTAINER' })
  const shared = aPod({ hostNetwork: true, hostIPC: true, shareProcessNamespace: true })
  t.match(namespaceOptions(shared), { network: 'NODE', ipc: 'NODE', pid: 'POD' })
  t.match(namespaceOptions(aPod(), 'c1'), { pid: 'TARGET', targetId: 'c1' })
})
