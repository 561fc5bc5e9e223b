import type { Draft, Pod } from '@kemu/api'
import { formatYaml } from '@kemu/api/yaml'
import { hostPaths } from '@kemu/host'
import type { ClusterSpec, HostSpec } from '../cluster-spec.ts'
import { HostFiles } from '../host-files.ts'

const manifestDir = '/etc/kubernetes/manifests'

/** A file or directory of the host that a component sees at the same path. */
export interface HostMount {
  readonly name: string
  readonly path: string
  readonly type: 'DirectoryOrCreate' | 'FileOrCreate'
  readonly readOnly?: boolean
}

/** A health endpoint, asked as kubeadm has it asked. */
export interface HealthCheck {
  readonly host: string
  readonly port: number
  readonly scheme: 'HTTP' | 'HTTPS'
  readonly livePath: string
  /** Absent: the component has no readiness of its own. */
  readonly readyPath?: string
  readonly startupPath: string
}

export interface StaticPodTemplate {
  readonly component: string
  readonly image: string
  /** Flag values by name; they are written in the order of their names. */
  readonly flags: Readonly<Record<string, string>>
  readonly annotations?: Readonly<Record<string, string>>
  readonly mounts: readonly HostMount[]
  readonly health: HealthCheck
  readonly requests: Readonly<Record<string, string>>
}

/** What only the host itself asks: 127.0.0.1, as kubeadm has it, but where hosts share the machine's loopback. */
export function ownAddress(spec: ClusterSpec, host: HostSpec): string {
  return spec.plan.driver === 'loopback' ? host.address : '127.0.0.1'
}

/** Writes /etc/kubernetes/manifests/<component>.yaml; the kubelet starts it from there without an API server. */
export function writeStaticPod(
  spec: ClusterSpec,
  host: HostSpec,
  template: StaticPodTemplate,
): void {
  const { inside } = hostPaths(host.dir, spec.isolation)
  const flags = { ...template.flags, ...spec.extraArgs[template.component] }
  const pod = staticPod({ ...template, flags }, inside)
  new HostFiles(host.dir).writeSecret(`${manifestDir}/${template.component}.yaml`, formatYaml(pod))
}

function staticPod(template: StaticPodTemplate, inside: (path: string) => string): Draft<Pod> {
  const { component, mounts } = template
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: {
      name: component,
      namespace: 'kube-system',
      labels: { component, tier: 'control-plane' },
      ...(template.annotations && { annotations: { ...template.annotations } }),
    },
    spec: {
      containers: [
        {
          name: component,
          image: template.image,
          imagePullPolicy: 'IfNotPresent',
          command: [component, ...flagList(template.flags)],
          ...probes(template.health),
          resources: { requests: { ...template.requests } },
          ports: [{ name: 'probe-port', containerPort: template.health.port, protocol: 'TCP' }],
          volumeMounts: mounts.map(({ name, path, readOnly }) => ({
            name,
            mountPath: path,
            ...(readOnly && { readOnly }),
          })),
        },
      ],
      hostNetwork: true,
      priority: 2000001000,
      priorityClassName: 'system-node-critical',
      securityContext: { seccompProfile: { type: 'RuntimeDefault' } },
      volumes: mounts.map(({ name, path, type }) => ({
        name,
        hostPath: { path: inside(path), type },
      })),
    },
  }
}

function flagList(flags: Readonly<Record<string, string>>): string[] {
  return Object.keys(flags)
    .sort()
    .map((name) => `--${name}=${flags[name]}`)
}

function probes(health: HealthCheck): Record<string, unknown> {
  const httpGet = (path: string): object => ({
    httpGet: { host: health.host, path, port: 'probe-port', scheme: health.scheme },
    timeoutSeconds: 15,
  })
  return {
    livenessProbe: {
      ...httpGet(health.livePath),
      failureThreshold: 8,
      initialDelaySeconds: 10,
      periodSeconds: 10,
    },
    ...(health.readyPath !== undefined && {
      readinessProbe: { ...httpGet(health.readyPath), failureThreshold: 3, periodSeconds: 1 },
    }),
    startupProbe: {
      ...httpGet(health.startupPath),
      failureThreshold: 24,
      initialDelaySeconds: 10,
      periodSeconds: 10,
    },
  }
}
