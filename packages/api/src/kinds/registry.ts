import { controllerRevision } from './apps/controller-revision/definition.ts'
import { daemonSet } from './apps/daemon-set/definition.ts'
import { deployment } from './apps/deployment/definition.ts'
import { replicaSet } from './apps/replica-set/definition.ts'
import { statefulSet } from './apps/stateful-set/definition.ts'
import { selfSubjectReview, tokenReview } from './authentication/reviews.ts'
import {
  localSubjectAccessReview,
  selfSubjectAccessReview,
  selfSubjectRulesReview,
  subjectAccessReview,
} from './authorization/reviews.ts'
import {
  horizontalPodAutoscaler,
  horizontalPodAutoscalerV1,
} from './autoscaling/horizontal-pod-autoscaler/definition.ts'
import { cronJob } from './batch/cron-job/definition.ts'
import { job } from './batch/job/definition.ts'
import { certificateSigningRequest } from './certificates/certificate-signing-request/definition.ts'
import { lease } from './coordination/lease/definition.ts'
import { binding } from './core/binding/definition.ts'
import { configMap } from './core/config-map/definition.ts'
import { endpoints } from './core/endpoints/definition.ts'
import { event } from './core/event/definition.ts'
import { limitRange } from './core/limit-range/definition.ts'
import { namespace } from './core/namespace/definition.ts'
import { node } from './core/node/definition.ts'
import { persistentVolume } from './core/persistent-volume/definition.ts'
import { persistentVolumeClaim } from './core/persistent-volume-claim/definition.ts'
import { pod } from './core/pod/definition.ts'
import { podTemplate } from './core/pod-template/definition.ts'
import { replicationController } from './core/replication-controller/definition.ts'
import { resourceQuota } from './core/resource-quota/definition.ts'
import { secret } from './core/secret/definition.ts'
import { service } from './core/service/definition.ts'
import { serviceAccount } from './core/service-account/definition.ts'
import { endpointSlice } from './discovery/endpoint-slice/definition.ts'
import { eventsEvent } from './events/event/definition.ts'
import { flowSchema } from './flowcontrol/flow-schema/definition.ts'
import { priorityLevelConfiguration } from './flowcontrol/priority-level-configuration/definition.ts'
import type { KindDefinition } from './kind-definition.ts'
import { ingress } from './networking/ingress/definition.ts'
import { ingressClass } from './networking/ingress-class/definition.ts'
import { ipAddress } from './networking/ip-address/definition.ts'
import { networkPolicy } from './networking/network-policy/definition.ts'
import { serviceCidr } from './networking/service-cidr/definition.ts'
import { runtimeClass } from './node/runtime-class/definition.ts'
import { podDisruptionBudget } from './policy/pod-disruption-budget/definition.ts'
import { clusterRole, role } from './rbac/role/definition.ts'
import { clusterRoleBinding, roleBinding } from './rbac/role-binding/definition.ts'
import { deviceClass } from './resource/device-class/definition.ts'
import { resourceClaim } from './resource/resource-claim/definition.ts'
import { resourceClaimTemplate } from './resource/resource-claim-template/definition.ts'
import { resourceSlice } from './resource/resource-slice/definition.ts'
import { priorityClass } from './scheduling/priority-class/definition.ts'
import { csiDriver } from './storage/csi-driver/definition.ts'
import { csiNode } from './storage/csi-node/definition.ts'
import { csiStorageCapacity } from './storage/csi-storage-capacity/definition.ts'
import { storageClass } from './storage/storage-class/definition.ts'
import { volumeAttachment } from './storage/volume-attachment/definition.ts'
import { volumeAttributesClass } from './storage/volume-attributes-class/definition.ts'

/**
 * Every kind that is served. Groups come in the order in which discovery lists them (it decides which kind a client
 * means by a name that two groups have); kinds of a group by name.
 */
export const kinds: readonly KindDefinition[] = [
  binding,
  configMap,
  endpoints,
  event,
  limitRange,
  namespace,
  node,
  persistentVolume,
  persistentVolumeClaim,
  pod,
  podTemplate,
  replicationController,
  resourceQuota,
  secret,
  service,
  serviceAccount,
  controllerRevision,
  daemonSet,
  deployment,
  replicaSet,
  statefulSet,
  eventsEvent,
  selfSubjectReview,
  tokenReview,
  localSubjectAccessReview,
  selfSubjectAccessReview,
  selfSubjectRulesReview,
  subjectAccessReview,
  horizontalPodAutoscaler,
  horizontalPodAutoscalerV1,
  cronJob,
  job,
  certificateSigningRequest,
  ingress,
  ingressClass,
  ipAddress,
  networkPolicy,
  serviceCidr,
  podDisruptionBudget,
  clusterRole,
  clusterRoleBinding,
  role,
  roleBinding,
  csiDriver,
  csiNode,
  csiStorageCapacity,
  storageClass,
  volumeAttachment,
  volumeAttributesClass,
  priorityClass,
  lease,
  runtimeClass,
  endpointSlice,
  deviceClass,
  resourceClaim,
  resourceClaimTemplate,
  resourceSlice,
  flowSchema,
  priorityLevelConfiguration,
]
