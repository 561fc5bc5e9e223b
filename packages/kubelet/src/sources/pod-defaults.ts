import type { Container, Pod, PodSpec, Probe, Volume } from '@kemu/api'

/**
 * The defaults of core/v1 that a pod from the API carries already and one from a manifest lacks
 * (SetDefaults_Pod and its neighbours).
 */
export function defaultedPodSpec(spec: PodSpec): PodSpec {
  return {
    ...spec,
    restartPolicy: spec.restartPolicy ?? 'Always',
    terminationGracePeriodSeconds: spec.terminationGracePeriodSeconds ?? 30,
    dnsPolicy: spec.dnsPolicy ?? 'ClusterFirst',
    schedulerName: spec.schedulerName ?? 'default-scheduler',
    securityContext: spec.securityContext ?? {},
    enableServiceLinks: spec.enableServiceLinks ?? true,
    containers: spec.containers.map((c) => defaultedContainer(c, spec.hostNetwork ?? false)),
    ...(spec.initContainers && {
      initContainers: spec.initContainers.map((c) =>
        defaultedContainer(c, spec.hostNetwork ?? false),
      ),
    }),
    ...(spec.volumes && { volumes: spec.volumes.map(defaultedVolume) }),
  }
}

/**
 * Static pods lack what admission of the API does too; a tolerating pod is never evicted from its
 * node.
 */
export function withNodeTolerations(pod: Pod): Pod {
  const tolerations = pod.spec.tolerations ?? []
  const has = tolerations.some((t) => t.effect === 'NoExecute' && t.operator === 'Exists' && !t.key)
  if (has) return pod
  return {
    ...pod,
    spec: {
      ...pod.spec,
      tolerations: [...tolerations, { operator: 'Exists', effect: 'NoExecute' }],
    },
  }
}

function defaultedContainer(container: Container, hostNetwork: boolean): Container {
  const { livenessProbe, readinessProbe, startupProbe } = container
  return {
    ...container,
    imagePullPolicy: container.imagePullPolicy ?? pullPolicyOf(container.image ?? ''),
    terminationMessagePath: container.terminationMessagePath ?? '/dev/termination-log',
    terminationMessagePolicy: container.terminationMessagePolicy ?? 'File',
    resources: defaultedResources(container.resources),
    ...(container.ports && {
      ports: container.ports.map((port) => ({
        ...port,
        protocol: port.protocol ?? 'TCP',
        ...(hostNetwork && port.hostPort === undefined && { hostPort: port.containerPort }),
      })),
    }),
    ...(container.env && { env: container.env.map(defaultedFieldRef) }),
    ...(livenessProbe && { livenessProbe: defaultedProbe(livenessProbe) }),
    ...(readinessProbe && { readinessProbe: defaultedProbe(readinessProbe) }),
    ...(startupProbe && { startupProbe: defaultedProbe(startupProbe) }),
  }
}

/** Latest (or nothing) means Always, any other tag IfNotPresent. */
function pullPolicyOf(image: string): string {
  if (image.includes('@')) return 'IfNotPresent'
  const tag = /:([^:/]+)$/.exec(image)?.[1] ?? 'latest'
  return tag === 'latest' ? 'Always' : 'IfNotPresent'
}

/** What is limited and not requested is requested to the same amount. */
function defaultedResources(resources: Container['resources'] = {}): Container['resources'] {
  if (!resources.limits) return resources
  return { ...resources, requests: { ...resources.limits, ...resources.requests } }
}

function defaultedFieldRef(variable: NonNullable<Container['env']>[number]) {
  const fieldRef = variable.valueFrom?.fieldRef
  if (!fieldRef) return variable
  return {
    ...variable,
    valueFrom: {
      ...variable.valueFrom,
      fieldRef: { ...fieldRef, apiVersion: fieldRef.apiVersion ?? 'v1' },
    },
  }
}

function defaultedProbe(probe: Probe): Probe {
  const { httpGet } = probe
  return {
    ...probe,
    timeoutSeconds: probe.timeoutSeconds || 1,
    periodSeconds: probe.periodSeconds || 10,
    successThreshold: probe.successThreshold || 1,
    failureThreshold: probe.failureThreshold || 3,
    ...(httpGet && {
      httpGet: { ...httpGet, path: httpGet.path || '/', scheme: httpGet.scheme || 'HTTP' },
    }),
  }
}

function defaultedVolume(volume: Volume): Volume {
  const { name, hostPath, configMap, secret, projected, downwardAPI } = volume
  if (Object.keys(volume).length === 1) return { name, emptyDir: {} }
  return {
    ...volume,
    ...(hostPath && { hostPath: { ...hostPath, type: hostPath.type ?? '' } }),
    ...(configMap && { configMap: { ...configMap, defaultMode: configMap.defaultMode ?? 0o644 } }),
    ...(secret && { secret: { ...secret, defaultMode: secret.defaultMode ?? 0o644 } }),
    ...(projected && { projected: { ...projected, defaultMode: projected.defaultMode ?? 0o644 } }),
    ...(downwardAPI && {
      downwardAPI: { ...downwardAPI, defaultMode: downwardAPI.defaultMode ?? 0o644 },
    }),
  }
}
