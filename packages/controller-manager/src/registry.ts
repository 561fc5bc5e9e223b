import { readFileSync } from 'node:fs'
import type { Runnable } from '@kemu/controller-runtime'
import { HorizontalPodAutoscalerController } from './autoscaling/horizontal-pod-autoscaler-controller.ts'
import { BootstrapSigner } from './bootstrap/bootstrap-signer.ts'
import { TokenCleaner } from './bootstrap/token-cleaner.ts'
import { CsrApprovingController } from './certificates/csr-approving-controller.ts'
import { CsrCleanerController } from './certificates/csr-cleaner-controller.ts'
import { CsrSigningController, signersOf } from './certificates/csr-signing-controller.ts'
import type { ControllerDeps } from './controller-deps.ts'
import { CronJobController } from './cron/cron-job-controller.ts'
import { DaemonSetController } from './daemon/daemon-set-controller.ts'
import { DeploymentController } from './deployment/deployment-controller.ts'
import type { Discovery } from './discovery/discovery.ts'
import { DisruptionController } from './disruption/disruption-controller.ts'
import { EndpointSliceController } from './endpoints/endpoint-slice-controller.ts'
import { EndpointSliceMirroringController } from './endpoints/endpoint-slice-mirroring-controller.ts'
import { EndpointsController } from './endpoints/endpoints-controller.ts'
import type { ControllerManagerFlags } from './flags.ts'
import { GarbageCollector } from './garbage/garbage-collector.ts'
import { PodGarbageCollector } from './garbage/pod-garbage-collector.ts'
import { ClusterRoleAggregationController } from './identity/cluster-role-aggregation-controller.ts'
import { RootCaPublisher } from './identity/root-ca-publisher.ts'
import { ServiceAccountController } from './identity/service-account-controller.ts'
import { ServiceAccountTokensController } from './identity/service-account-tokens-controller.ts'
import { JobController } from './job/job-controller.ts'
import { TtlAfterFinishedController } from './job/ttl-after-finished-controller.ts'
import { NamespaceController } from './namespace/namespace-controller.ts'
import { clusterCidrSets, NodeIpamController } from './nodes/node-ipam-controller.ts'
import { NodeLifecycleController } from './nodes/node-lifecycle-controller.ts'
import { TaintEvictionController } from './nodes/taint-eviction-controller.ts'
import { TtlController } from './nodes/ttl-controller.ts'
import { ResourceQuotaController } from './quota/resource-quota-controller.ts'
import { ReplicaController } from './replication/replica-controller.ts'
import { replicaSetKind, replicationControllerKind } from './replication/replica-owner.ts'
import { ServiceLbController } from './service-lb/service-lb-controller.ts'
import { StatefulSetController } from './stateful/stateful-set-controller.ts'

/** What a controller is made of besides its own deps. */
export interface Setting {
  readonly flags: ControllerManagerFlags
  /** A new view of the server's resources; the controller closes it. */
  readonly discover: () => Discovery
}

type WorkersFlag = Extract<keyof ControllerManagerFlags, `concurrent-${string}`>

/** One line of the table of controllers. */
export interface ControllerEntry {
  /** As --controllers names it. */
  readonly name: string
  /** The older name that --controllers takes too. */
  readonly alias: string
  /** Its service account in kube-system with --use-service-account-credentials; '' is the manager's own identity. */
  readonly account: string
  /** As its events name their source, where that is not the account's name. */
  readonly source?: string
  /** The flag that says how many keys it works on at once. */
  readonly workersFlag?: WorkersFlag
  /** Off unless named: upstream's ControllersDisabledByDefault. */
  readonly offByDefault?: boolean
  /** undefined: its flags are not given, so it does not run (upstream logs and skips it too). */
  make(deps: ControllerDeps, setting: Setting): Runnable | undefined
}

/** Every controller, in the order in which they start: first what others wait for. */
export const controllers: readonly ControllerEntry[] = [
  {
    name: 'serviceaccount-controller',
    alias: 'serviceaccount',
    account: 'service-account-controller',
    make: (deps) => new ServiceAccountController(deps),
  },
  {
    name: 'serviceaccount-token-controller',
    alias: 'serviceaccount-token',
    // Upstream runs it as the controller manager itself: the others' tokens may depend on it.
    account: '',
    workersFlag: 'concurrent-serviceaccount-token-syncs',
    make: (deps, { flags }) => {
      const keyFile = flags['service-account-private-key-file']
      const caFile = flags['root-ca-file']
      if (keyFile === undefined) return undefined
      const rootCa = caFile === undefined ? undefined : readFileSync(caFile, 'utf8')
      const privateKey = readFileSync(keyFile, 'utf8')
      return new ServiceAccountTokensController({ privateKey, rootCa }, deps)
    },
  },
  {
    name: 'root-ca-certificate-publisher-controller',
    alias: 'root-ca-cert-publisher',
    account: 'root-ca-cert-publisher',
    make: (deps, { flags }) => {
      const file = flags['root-ca-file']
      return file === undefined ? undefined : new RootCaPublisher(deps, readFileSync(file, 'utf8'))
    },
  },
  {
    name: 'bootstrap-signer-controller',
    alias: 'bootstrapsigner',
    account: 'bootstrap-signer',
    offByDefault: true,
    make: (deps) => new BootstrapSigner(deps),
  },
  {
    name: 'certificatesigningrequest-approving-controller',
    alias: 'csrapproving',
    account: 'certificate-controller',
    make: (deps) => new CsrApprovingController(deps),
  },
  {
    name: 'certificatesigningrequest-signing-controller',
    alias: 'csrsigning',
    account: 'certificate-controller',
    make: (deps, { flags }) => {
      const signers = signersOf(flags)
      if (signers.size === 0) return undefined
      return new CsrSigningController(
        { signers, durationMs: flags['cluster-signing-duration'] },
        deps,
      )
    },
  },
  {
    name: 'node-ipam-controller',
    alias: 'nodeipam',
    account: 'node-controller',
    source: 'cidrAllocator',
    make: (deps, { flags }) => {
      const sets = clusterCidrSets(flags)
      return sets && new NodeIpamController(deps, sets)
    },
  },
  {
    name: 'node-lifecycle-controller',
    alias: 'nodelifecycle',
    account: 'node-controller',
    make: (deps, { flags }) =>
      new NodeLifecycleController(
        {
          graceMs: flags['node-monitor-grace-period'],
          startupGraceMs: flags['node-startup-grace-period'],
          periodMs: flags['node-monitor-period'],
          rate: flags['node-eviction-rate'],
          secondaryRate: flags['secondary-node-eviction-rate'],
          unhealthyThreshold: flags['unhealthy-zone-threshold'],
          largeClusterSize: flags['large-cluster-size-threshold'],
        },
        deps,
      ),
  },
  {
    name: 'taint-eviction-controller',
    alias: 'taint-eviction',
    account: 'node-controller',
    source: 'taint-eviction-controller',
    make: (deps) => new TaintEvictionController(deps),
  },
  {
    name: 'deployment-controller',
    alias: 'deployment',
    account: 'deployment-controller',
    workersFlag: 'concurrent-deployment-syncs',
    make: (deps) => new DeploymentController(deps),
  },
  {
    name: 'replicaset-controller',
    alias: 'replicaset',
    account: 'replicaset-controller',
    workersFlag: 'concurrent-replicaset-syncs',
    make: (deps) => new ReplicaController(replicaSetKind, deps),
  },
  {
    name: 'replicationcontroller-controller',
    alias: 'replicationcontroller',
    account: 'replication-controller',
    workersFlag: 'concurrent-rc-syncs',
    make: (deps) => new ReplicaController(replicationControllerKind, deps),
  },
  {
    name: 'daemonset-controller',
    alias: 'daemonset',
    account: 'daemon-set-controller',
    source: 'daemonset-controller',
    workersFlag: 'concurrent-daemonset-syncs',
    make: (deps) => new DaemonSetController(deps),
  },
  {
    name: 'disruption-controller',
    alias: 'disruption',
    account: 'disruption-controller',
    source: 'controllermanager',
    make: (deps) => new DisruptionController(deps),
  },
  {
    name: 'statefulset-controller',
    alias: 'statefulset',
    account: 'statefulset-controller',
    workersFlag: 'concurrent-statefulset-syncs',
    make: (deps) => new StatefulSetController(deps),
  },
  {
    name: 'job-controller',
    alias: 'job',
    account: 'job-controller',
    workersFlag: 'concurrent-job-syncs',
    make: (deps) => new JobController(deps),
  },
  {
    name: 'cronjob-controller',
    alias: 'cronjob',
    account: 'cronjob-controller',
    workersFlag: 'concurrent-cron-job-syncs',
    make: (deps) => new CronJobController(deps),
  },
  {
    name: 'ttl-after-finished-controller',
    alias: 'ttl-after-finished',
    account: 'ttl-after-finished-controller',
    workersFlag: 'concurrent-ttl-after-finished-syncs',
    make: (deps) => new TtlAfterFinishedController(deps),
  },
  {
    name: 'endpointslice-controller',
    alias: 'endpointslice',
    account: 'endpointslice-controller',
    source: 'endpoint-slice-controller',
    workersFlag: 'concurrent-service-endpoint-syncs',
    make: (deps) => new EndpointSliceController(deps),
  },
  {
    name: 'endpoints-controller',
    alias: 'endpoint',
    account: 'endpoint-controller',
    workersFlag: 'concurrent-endpoint-syncs',
    make: (deps) => new EndpointsController(deps),
  },
  {
    name: 'endpointslice-mirroring-controller',
    alias: 'endpointslicemirroring',
    account: 'endpointslicemirroring-controller',
    source: 'endpoint-slice-mirroring-controller',
    make: (deps) => new EndpointSliceMirroringController(deps),
  },
  {
    name: 'service-lb-controller',
    alias: 'service',
    account: 'service-controller',
    make: (deps, { flags }) => new ServiceLbController(flags['service-lb-address'], deps),
  },
  {
    name: 'clusterrole-aggregation-controller',
    alias: 'clusterrole-aggregation',
    account: 'clusterrole-aggregation-controller',
    make: (deps) => new ClusterRoleAggregationController(deps),
  },
  {
    name: 'namespace-controller',
    alias: 'namespace',
    account: 'namespace-controller',
    workersFlag: 'concurrent-namespace-syncs',
    make: (deps, { discover }) => new NamespaceController(deps, discover()),
  },
  {
    name: 'horizontal-pod-autoscaler-controller',
    alias: 'horizontalpodautoscaling',
    account: 'horizontal-pod-autoscaler',
    workersFlag: 'concurrent-horizontal-pod-autoscaler-syncs',
    make: (deps, { flags, discover }) =>
      new HorizontalPodAutoscalerController(
        deps,
        discover(),
        flags['horizontal-pod-autoscaler-sync-period'],
      ),
  },
  {
    name: 'resourcequota-controller',
    alias: 'resourcequota',
    account: 'resourcequota-controller',
    workersFlag: 'concurrent-resource-quota-syncs',
    make: (deps, { flags, discover }) =>
      new ResourceQuotaController(deps, discover(), flags['resource-quota-sync-period']),
  },
  {
    name: 'garbage-collector-controller',
    alias: 'garbagecollector',
    account: 'generic-garbage-collector',
    workersFlag: 'concurrent-gc-syncs',
    make: (deps, { flags, discover }) =>
      flags['enable-garbage-collector'] ? new GarbageCollector(deps, discover()) : undefined,
  },
  {
    name: 'pod-garbage-collector-controller',
    alias: 'podgc',
    account: 'pod-garbage-collector',
    make: (deps, { flags }) => new PodGarbageCollector(flags['terminated-pod-gc-threshold'], deps),
  },
  {
    name: 'certificatesigningrequest-cleaner-controller',
    alias: 'csrcleaner',
    account: 'certificate-controller',
    make: (deps) => new CsrCleanerController(deps),
  },
  {
    name: 'ttl-controller',
    alias: 'ttl',
    account: 'ttl-controller',
    make: (deps) => new TtlController(deps),
  },
  {
    name: 'token-cleaner-controller',
    alias: 'tokencleaner',
    account: 'token-cleaner',
    offByDefault: true,
    make: (deps) => new TokenCleaner(deps),
  },
]
