// The resources that kemu's own components speak of. The server's knowledge of a kind (schema,
// defaults, validation,
// columns) stands in kinds/; this table is light, so that a client does not carry it.
import type * as types from './generated/types.ts'
import type { KubeObject } from './object.ts'
import type { ResourceType } from './resource-type.ts'

function namespaced<T extends KubeObject>(
  group: string,
  resource: string,
  kind: string,
): ResourceType<T> {
  return { group, version: 'v1', resource, kind, namespaced: true }
}

function clusterScoped<T extends KubeObject>(
  group: string,
  resource: string,
  kind: string,
): ResourceType<T> {
  return { group, version: 'v1', resource, kind, namespaced: false }
}

export const namespaces = clusterScoped<types.Namespace>('', 'namespaces', 'Namespace')
export const nodes = clusterScoped<types.Node>('', 'nodes', 'Node')
export const pods = namespaced<types.Pod>('', 'pods', 'Pod')
export const services = namespaced<types.Service>('', 'services', 'Service')
export const endpoints = namespaced<types.Endpoints>('', 'endpoints', 'Endpoints')
export const configMaps = namespaced<types.ConfigMap>('', 'configmaps', 'ConfigMap')
export const secrets = namespaced<types.Secret>('', 'secrets', 'Secret')
export const serviceAccounts = namespaced<types.ServiceAccount>(
  '',
  'serviceaccounts',
  'ServiceAccount',
)
export const events = namespaced<types.Event>('', 'events', 'Event')
export const eventsEvents = namespaced<types.EventsEvent>('events.k8s.io', 'events', 'Event')
export const replicationControllers = namespaced<types.ReplicationController>(
  '',
  'replicationcontrollers',
  'ReplicationController',
)
export const podTemplates = namespaced<types.PodTemplate>('', 'podtemplates', 'PodTemplate')

export const deployments = namespaced<types.Deployment>('apps', 'deployments', 'Deployment')
export const replicaSets = namespaced<types.ReplicaSet>('apps', 'replicasets', 'ReplicaSet')
export const daemonSets = namespaced<types.DaemonSet>('apps', 'daemonsets', 'DaemonSet')
export const statefulSets = namespaced<types.StatefulSet>('apps', 'statefulsets', 'StatefulSet')
export const controllerRevisions = namespaced<types.ControllerRevision>(
  'apps',
  'controllerrevisions',
  'ControllerRevision',
)

export const endpointSlices = namespaced<types.EndpointSlice>(
  'discovery.k8s.io',
  'endpointslices',
  'EndpointSlice',
)
export const leases = namespaced<types.Lease>('coordination.k8s.io', 'leases', 'Lease')
export const priorityClasses = clusterScoped<types.PriorityClass>(
  'scheduling.k8s.io',
  'priorityclasses',
  'PriorityClass',
)
export const certificateSigningRequests = clusterScoped<types.CertificateSigningRequest>(
  'certificates.k8s.io',
  'certificatesigningrequests',
  'CertificateSigningRequest',
)

const rbacGroup = 'rbac.authorization.k8s.io'
export const roles = namespaced<types.Role>(rbacGroup, 'roles', 'Role')
export const roleBindings = namespaced<types.RoleBinding>(rbacGroup, 'rolebindings', 'RoleBinding')
export const clusterRoles = clusterScoped<types.ClusterRole>(
  rbacGroup,
  'clusterroles',
  'ClusterRole',
)
export const clusterRoleBindings = clusterScoped<types.ClusterRoleBinding>(
  rbacGroup,
  'clusterrolebindings',
  'ClusterRoleBinding',
)

export const persistentVolumes = clusterScoped<types.PersistentVolume>(
  '',
  'persistentvolumes',
  'PersistentVolume',
)
export const persistentVolumeClaims = namespaced<types.PersistentVolumeClaim>(
  '',
  'persistentvolumeclaims',
  'PersistentVolumeClaim',
)
export const limitRanges = namespaced<types.LimitRange>('', 'limitranges', 'LimitRange')
export const resourceQuotas = namespaced<types.ResourceQuota>('', 'resourcequotas', 'ResourceQuota')

const storageGroup = 'storage.k8s.io'
export const storageClasses = clusterScoped<types.StorageClass>(
  storageGroup,
  'storageclasses',
  'StorageClass',
)
export const csiDrivers = clusterScoped<types.CSIDriver>(storageGroup, 'csidrivers', 'CSIDriver')
export const csiNodes = clusterScoped<types.CSINode>(storageGroup, 'csinodes', 'CSINode')
export const csiStorageCapacities = namespaced<types.CSIStorageCapacity>(
  storageGroup,
  'csistoragecapacities',
  'CSIStorageCapacity',
)
export const volumeAttachments = clusterScoped<types.VolumeAttachment>(
  storageGroup,
  'volumeattachments',
  'VolumeAttachment',
)
export const volumeAttributesClasses = clusterScoped<types.VolumeAttributesClass>(
  storageGroup,
  'volumeattributesclasses',
  'VolumeAttributesClass',
)

const resourceGroup = 'resource.k8s.io'
export const deviceClasses = clusterScoped<types.DeviceClass>(
  resourceGroup,
  'deviceclasses',
  'DeviceClass',
)
export const resourceClaims = namespaced<types.ResourceResourceClaim>(
  resourceGroup,
  'resourceclaims',
  'ResourceClaim',
)
export const resourceClaimTemplates = namespaced<types.ResourceClaimTemplate>(
  resourceGroup,
  'resourceclaimtemplates',
  'ResourceClaimTemplate',
)
export const resourceSlices = clusterScoped<types.ResourceSlice>(
  resourceGroup,
  'resourceslices',
  'ResourceSlice',
)

export const horizontalPodAutoscalers: ResourceType<types.HorizontalPodAutoscalerV2> = {
  group: 'autoscaling',
  version: 'v2',
  resource: 'horizontalpodautoscalers',
  kind: 'HorizontalPodAutoscaler',
  namespaced: true,
}
export const jobs = namespaced<types.Job>('batch', 'jobs', 'Job')
export const cronJobs = namespaced<types.CronJob>('batch', 'cronjobs', 'CronJob')
export const podDisruptionBudgets = namespaced<types.PodDisruptionBudget>(
  'policy',
  'poddisruptionbudgets',
  'PodDisruptionBudget',
)
export const runtimeClasses = clusterScoped<types.RuntimeClass>(
  'node.k8s.io',
  'runtimeclasses',
  'RuntimeClass',
)

const flowControlGroup = 'flowcontrol.apiserver.k8s.io'
export const flowSchemas = clusterScoped<types.FlowSchema>(
  flowControlGroup,
  'flowschemas',
  'FlowSchema',
)
export const priorityLevelConfigurations = clusterScoped<types.PriorityLevelConfiguration>(
  flowControlGroup,
  'prioritylevelconfigurations',
  'PriorityLevelConfiguration',
)

const networkingGroup = 'networking.k8s.io'
export const ingresses = namespaced<types.Ingress>(networkingGroup, 'ingresses', 'Ingress')
export const ingressClasses = clusterScoped<types.IngressClass>(
  networkingGroup,
  'ingressclasses',
  'IngressClass',
)
export const ipAddresses = clusterScoped<types.IPAddress>(
  networkingGroup,
  'ipaddresses',
  'IPAddress',
)
export const serviceCidrs = clusterScoped<types.ServiceCIDR>(
  networkingGroup,
  'servicecidrs',
  'ServiceCIDR',
)
export const networkPolicies = namespaced<types.NetworkPolicy>(
  networkingGroup,
  'networkpolicies',
  'NetworkPolicy',
)

export const tokenReviews = clusterScoped<types.TokenReview>(
  'authentication.k8s.io',
  'tokenreviews',
  'TokenReview',
)
export const subjectAccessReviews = clusterScoped<types.SubjectAccessReview>(
  'authorization.k8s.io',
  'subjectaccessreviews',
  'SubjectAccessReview',
)
