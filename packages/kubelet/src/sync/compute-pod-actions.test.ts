import t from 'tap'
import { aContainer, aPod, observed } from '../testing/builders.ts'
import { computePodActions } from './compute-pod-actions.ts'
import type { ProbeVerdicts } from './pod-actions.ts'

const quiet: ProbeVerdicts = { liveness: () => undefined, startup: () => undefined }

t.test('a new pod gets a sandbox and its containers', async (t) => {
  const actions = computePodActions(aPod(), observed([], { sandboxes: 0 }), quiet)
  t.match(actions, { createSandbox: true, attempt: 0, sandboxId: '', containersToStart: [0] })
})

t.test('with init containers only the first of them is started', async (t) => {
  const pod = aPod({ initContainers: [aContainer('a'), aContainer('b')] })
  const actions = computePodActions(pod, observed([], { sandboxes: 0 }), quiet)
  t.same(actions.initContainersToStart, [0])
  t.same(actions.containersToStart, [])
})

t.test('a running pod is left alone', async (t) => {
  const actions = computePodActions(aPod(), observed([{}]), quiet)
  t.match(actions, { killPod: false, createSandbox: false, containersToStart: [] })
  t.same(actions.containersToKill, [])
})

t.test('an ended container comes back as its restart policy says', async (t) => {
  const cases = [
    { policy: 'Always', exitCode: 0, starts: [0] },
    { policy: 'OnFailure', exitCode: 1, starts: [0] },
    { policy: 'OnFailure', exitCode: 0, starts: [] },
    { policy: 'Never', exitCode: 1, starts: [] },
  ]
  for (const { policy, exitCode, starts } of cases) {
    const pod = aPod({ restartPolicy: policy })
    const actions = computePodActions(pod, observed([{ state: 'exited', exitCode }]), quiet)
    t.same(actions.containersToStart, starts, `${policy} ${exitCode}`)
    t.equal(actions.killPod, starts.length === 0, `${policy} ${exitCode}: pod is over`)
  }
})

t.test('a changed image replaces the container whatever the policy', async (t) => {
  const pod = aPod({
    restartPolicy: 'Never',
    containers: [aContainer('main', { image: 'busybox:2' })],
  })
  const actions = computePodActions(pod, observed([{}]), quiet)
  t.same(actions.containersToStart, [0])
  t.equal(
    actions.containersToKill[0]?.message,
    'Container main definition changed, will be restarted',
  )
})

t.test('a failed liveness probe kills, and restarts unless the policy is Never', async (t) => {
  const failing: ProbeVerdicts = { ...quiet, liveness: () => 'failure' }
  const always = computePodActions(aPod(), observed([{}]), failing)
  t.equal(
    always.containersToKill[0]?.message,
    'Container main failed liveness probe, will be restarted',
  )
  const never = computePodActions(aPod({ restartPolicy: 'Never' }), observed([{}]), failing)
  t.equal(never.containersToKill[0]?.message, 'Container main failed liveness probe')
  t.same(never.containersToStart, [])
})

t.test('a dead sandbox of a pod that ran its course is not made anew', async (t) => {
  const pod = aPod({ restartPolicy: 'Never' })
  const gone = observed([{ state: 'exited' }], { ready: false })
  t.match(computePodActions(pod, gone, quiet), { killPod: true, createSandbox: false })
})

t.test('a failed init container of a pod that never restarts ends the pod', async (t) => {
  const pod = aPod({ restartPolicy: 'Never', initContainers: [aContainer('a')] })
  const failed = observed([{ name: 'a', state: 'exited', exitCode: 1 }])
  t.match(computePodActions(pod, failed, quiet), { killPod: true, initContainersToStart: [] })
})

t.test('a sidecar lets the next one start when its startup probe has succeeded', async (t) => {
  const side = aContainer('side', { restartPolicy: 'Always', startupProbe: {} })
  const pod = aPod({ initContainers: [side, aContainer('b')] })
  const seen = observed([{ name: 'side' }])
  const before = computePodActions(pod, seen, { ...quiet, startup: () => 'unknown' })
  t.same(before.initContainersToStart, [])
  const after = computePodActions(pod, seen, { ...quiet, startup: () => 'success' })
  t.same(after.initContainersToStart, [1])
})

t.test('ephemeral containers are started beside a running pod', async (t) => {
  const pod = aPod({ ephemeralContainers: [{ name: 'debug', image: 'busybox' }] })
  t.same(computePodActions(pod, observed([{}]), quiet).ephemeralContainersToStart, [0])
})
