import type {
  Container,
  EphemeralContainer,
  Lifecycle,
  Pod,
  PodSpec,
  Probe,
} from '../../generated/types.ts'
import { defaultImagePullPolicy } from './image-name.ts'
import { defaultVolume } from './volume-defaults.ts'
import { roundUpToMillis } from './resource-list.ts'
import { defaultPodResources, defaultRequestsToLimits } from './pod-resource-defaults.ts'

/** corev1.DefaultTerminationGracePeriodSeconds */
const gracePeriodSeconds = 30

/** What a pod states beyond a template (SetDefaults_Pod), and everything that both share. */
export function setPodDefaults(pod: Pod): void {
  const { spec } = pod
  for (const container of [...(spec.containers ?? []), ...(spec.initContainers ?? [])])
    defaultRequestsToLimits(container)
  defaultPodResources(pod)
  spec.enableServiceLinks ??= true
  setPodSpecDefaults(spec)
  if ((spec.terminationGracePeriodSeconds ?? 0) < 0) spec.terminationGracePeriodSeconds = 1
}

/** SetDefaults_PodSpec and what lies below it: for pods and for templates of pods. */
export function setPodSpecDefaults(spec: PodSpec): void {
  spec.dnsPolicy ||= 'ClusterFirst'
  spec.restartPolicy ||= 'Always'
  spec.securityContext ??= {}
  spec.terminationGracePeriodSeconds ??= gracePeriodSeconds
  spec.schedulerName ||= 'default-scheduler'
  mirrorServiceAccountName(spec)
  for (const volume of spec.volumes ?? []) defaultVolume(volume)
  for (const container of spec.initContainers ?? []) defaultContainer(container, spec)
  for (const container of spec.containers ?? []) defaultContainer(container, spec)
  for (const container of spec.ephemeralContainers ?? []) defaultContainer(container, {})
  roundUpToMillis(spec.overhead)
  roundUpToMillis(spec.resources?.limits)
  roundUpToMillis(spec.resources?.requests)
}

/** `serviceAccount` is the old name of `serviceAccountName`; the server always answers with both. */
export function mirrorServiceAccountName(spec: PodSpec): void {
  if (!spec.serviceAccountName && spec.serviceAccount) spec.serviceAccountName = spec.serviceAccount
  if (spec.serviceAccountName) spec.serviceAccount = spec.serviceAccountName
  else delete spec.serviceAccount
}

function defaultContainer(
  container: Container | EphemeralContainer,
  { hostNetwork }: Pick<PodSpec, 'hostNetwork'>,
): void {
  container.imagePullPolicy ||= defaultImagePullPolicy(container.image ?? '')
  container.terminationMessagePath ||= '/dev/termination-log'
  container.terminationMessagePolicy ||= 'File'
  for (const port of container.ports ?? []) {
    port.protocol ||= 'TCP'
    if (hostNetwork) port.hostPort ||= port.containerPort
  }
  for (const { valueFrom } of container.env ?? []) {
    if (valueFrom?.fieldRef) valueFrom.fieldRef.apiVersion ||= 'v1'
    if (valueFrom?.fileKeyRef) valueFrom.fileKeyRef.optional ??= false
  }
  roundUpToMillis(container.resources?.limits)
  roundUpToMillis(container.resources?.requests)
  for (const name of ['livenessProbe', 'readinessProbe', 'startupProbe'] as const) {
    const probe = container[name]
    if (probe) defaultProbe(probe)
  }
  defaultLifecycle(container.lifecycle)
}

function defaultProbe(probe: Probe): void {
  probe.timeoutSeconds ||= 1
  probe.periodSeconds ||= 10
  probe.successThreshold ||= 1
  probe.failureThreshold ||= 3
  defaultHttpGet(probe.httpGet)
  if (probe.grpc) probe.grpc.service ??= ''
}

function defaultLifecycle(lifecycle: Lifecycle | undefined): void {
  defaultHttpGet(lifecycle?.postStart?.httpGet)
  defaultHttpGet(lifecycle?.preStop?.httpGet)
}

function defaultHttpGet(action: Probe['httpGet']): void {
  if (!action) return
  action.path ||= '/'
  action.scheme ||= 'HTTP'
}
