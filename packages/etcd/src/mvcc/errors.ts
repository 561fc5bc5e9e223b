import { code, GrpcError } from '../grpc/status.ts'

/** Refusals of the store, in etcd's own words (api/v3rpc/rpctypes): clients compare the texts. */
export const storeErrors = {
  compacted: () =>
    new GrpcError(code.OUT_OF_RANGE, 'etcdserver: mvcc: required revision has been compacted'),
  futureRevision: () =>
    new GrpcError(code.OUT_OF_RANGE, 'etcdserver: mvcc: required revision is a future revision'),
} as const
