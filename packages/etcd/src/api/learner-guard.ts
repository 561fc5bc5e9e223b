import { KVService, MaintenanceService } from '@kemu/rpc/etcd-codec'
import type { RangeRequest } from '@kemu/rpc/etcd-codec'
import { HealthService } from '@kemu/rpc/grpc-codec'
import { etcdError } from '../errors.ts'
import type { Guard } from '../grpc/server.ts'

const allowed: ReadonlySet<string> = new Set([
  MaintenanceService.Status.path,
  MaintenanceService.Snapshot.path,
  HealthService.Check.path,
  HealthService.Watch.path,
])

/** A learner may lag behind: it answers for itself alone, and what it has (etcd: isRPCSupportedForLearner). */
export const learnerGuard: Guard = (path, request) => {
  if (allowed.has(path)) return
  const isOwnRead = path === KVService.Range.path && (request as RangeRequest).serializable
  if (!isOwnRead) throw etcdError('learnerNotSupported')
}
