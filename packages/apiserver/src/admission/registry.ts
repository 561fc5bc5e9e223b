import { FlagError } from '@kemu/base'
import type { Clock, Random } from '@kemu/base'
import type { Authorizer } from '../authorization/authorizer.ts'
import type { PolicyCache } from '../authorization/rbac/policy-cache.ts'
import type { Catalog } from '../registry/catalog.ts'
import type { AdmissionPlugin } from './admission.ts'
import {
  CertificateApprovalPlugin,
  CertificateSigningPlugin,
  certificateSubjectPlugin,
} from './certificates.ts'
import { DefaultTolerationSecondsPlugin } from './default-tolerations.ts'
import { LimitRangerPlugin } from './limit-ranger.ts'
import { NamespaceLifecyclePlugin } from './namespace-lifecycle.ts'
import { NodeRestrictionPlugin } from './node-restriction.ts'
import { PriorityPlugin } from './priority.ts'
import { ResourceQuotaPlugin } from './resource-quota.ts'
import { RoleEscalationPlugin } from './role-escalation.ts'
import { RuntimeClassPlugin } from './runtime-class.ts'
import { ServiceAccountPlugin } from './service-account.ts'
import { taintNodesPlugin } from './taint-nodes.ts'

export interface AdmissionConfig {
  readonly catalog: Catalog
  readonly clock: Clock
  readonly random: Random
  readonly policy: PolicyCache
  readonly authorizers: readonly Authorizer[]
  /** --enable-admission-plugins and --disable-admission-plugins */
  readonly enabled: readonly string[]
  readonly disabled: readonly string[]
  readonly notReadySeconds: number
  readonly unreachableSeconds: number
}

/** Plugins that run unless they are disabled. */
const onByDefault = new Set([
  'NamespaceLifecycle',
  'LimitRanger',
  'ServiceAccount',
  'TaintNodesByCondition',
  'Priority',
  'DefaultTolerationSeconds',
  'RuntimeClass',
  'CertificateApproval',
  'CertificateSigning',
  'CertificateSubjectRestriction',
  'ResourceQuota',
])

/**
 * Upstream's other default plugins: nothing that kemu serves needs them yet, so that disabling them
 * means nothing.
 */
const withoutEffect = new Set([
  'PodSecurity',
  'StorageObjectInUseProtection',
  'PersistentVolumeClaimResize',
  'ClusterTrustBundleAttest',
  'DefaultIngressClass',
  'DefaultStorageClass',
  'PodTopologyLabels',
  'MutatingAdmissionPolicy',
  'MutatingAdmissionWebhook',
  'ValidatingAdmissionPolicy',
  'ValidatingAdmissionWebhook',
])

/**
 * The plugins in upstream's order (kubeapiserver/options, AllOrderedPlugins). Throws a FlagError
 * for unknown names.
 */
export function admissionPlugins(config: AdmissionConfig): AdmissionPlugin[] {
  const { catalog } = config
  const all: AdmissionPlugin[] = [
    new NamespaceLifecyclePlugin(catalog, config.clock),
    new LimitRangerPlugin(catalog),
    new ServiceAccountPlugin(config),
    new NodeRestrictionPlugin(catalog),
    taintNodesPlugin,
    new PriorityPlugin(catalog),
    new DefaultTolerationSecondsPlugin(config.notReadySeconds, config.unreachableSeconds),
    new RuntimeClassPlugin(catalog),
    new CertificateApprovalPlugin(config.authorizers),
    new CertificateSigningPlugin(config.authorizers),
    certificateSubjectPlugin,
    new ResourceQuotaPlugin(catalog, config.clock),
  ]
  const known = new Set([...all.map(({ name }) => name), ...withoutEffect])
  for (const name of [...config.enabled, ...config.disabled]) {
    if (!known.has(name)) {
      throw new FlagError(`admission plugin ${JSON.stringify(name)} is not emulated`)
    }
  }
  const chosen = all.filter(
    ({ name }) =>
      !config.disabled.includes(name) && (onByDefault.has(name) || config.enabled.includes(name)),
  )
  return [...chosen, new RoleEscalationPlugin(config.policy, config.authorizers)]
}
