import type { Container, Pod, PodSpec } from '@kemu/api'
import { containerHash } from '../cri/container-hash.ts'
import type { ObservedContainer, ObservedPod } from '../cri/observed-pod.ts'

export function aPod(spec: Partial<PodSpec> = {}, metadata: object = {}): Pod {
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: {
      name: 'web',
      namespace: 'default',
      uid: 'uid-web',
      creationTimestamp: '2026-01-01T00:00:00Z',
      resourceVersion: '1',
      ...metadata,
    },
    spec: { restartPolicy: 'Always', containers: [aContainer('main')], ...spec },
    status: { phase: 'Pending' },
  }
}

export function aContainer(name: string, more: Partial<Container> = {}): Container {
  return { name, image: 'busybox', ...more }
}

export function observed(
  containers: readonly Partial<ObservedContainer>[],
  { ready = true, sandboxes = 1 } = {},
): ObservedPod {
  return {
    uid: 'uid-web',
    name: 'web',
    namespace: 'default',
    ips: ready ? ['10.0.0.2'] : [],
    sandboxes: Array.from({ length: sandboxes }, (_, i) => ({
      id: `s${i}`,
      attempt: sandboxes - 1 - i,
      ready: ready && i === 0,
      createdAtMs: 0,
      hostNetwork: false,
      ips: ['10.0.0.2'],
    })),
    containers: containers.map(anObserved),
  }
}

function anObserved(given: Partial<ObservedContainer>): ObservedContainer {
  const name = given.name ?? 'main'
  return {
    id: `c-${name}`,
    name,
    pod: { uid: 'uid-web', name: 'web', namespace: 'default' },
    sandboxId: 's0',
    state: 'running',
    createdAtMs: 0,
    startedAtMs: 0,
    finishedAtMs: 0,
    exitCode: 0,
    reason: '',
    message: '',
    image: 'busybox',
    imageRef: 'sha256:1',
    logPath: '',
    notes: {
      hash: containerHash(aContainer(name)),
      restartCount: 0,
      terminationMessagePath: '',
      terminationMessagePolicy: '',
      preStop: undefined,
      ports: [],
      deletionGraceSeconds: undefined,
      terminationGraceSeconds: undefined,
    },
    resources: undefined,
    user: undefined,
    stopSignal: undefined,
    messageFile: '',
    ...given,
  }
}
