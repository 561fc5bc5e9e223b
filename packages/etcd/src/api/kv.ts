import { KVService } from '@kemu/rpc/etcd-codec'
import type {
  CompactionResponse,
  DeleteRangeResponse,
  PutResponse,
  RangeRequest,
  RangeResponse,
  TxnRequest,
  TxnResponse,
} from '@kemu/rpc/etcd-codec'
import type { Init } from '@kemu/rpc/protobuf'
import type { Authenticator } from '../auth/authenticator.ts'
import { checkTxnAccess } from '../auth/request-permissions.ts'
import { etcdError } from '../errors.ts'
import type { Call, GrpcServer } from '../grpc/server.ts'
import type { Member } from '../member/member.ts'
import { executeRange } from '../state/range-request.ts'
import { executeTxn, isReadOnly, isSerializable } from '../state/txn-request.ts'
import { checkDeleteRange, checkPut, checkRange, checkTxn } from './request-checks.ts'

export interface KvConfig {
  readonly txnOpsMax: number
  readonly requestBytesMax: number
}

export interface KvDeps {
  readonly member: Member
  readonly authenticator: Authenticator
  readonly config: KvConfig
}

type WithHeader = { readonly header?: { readonly revision?: number | undefined } | undefined }

/** The KV service: reads from the state, writes through the log. */
export function addKv(server: GrpcServer, deps: KvDeps): void {
  const { member, authenticator, config } = deps
  const withHeader = <T extends WithHeader>(response: T): T => ({
    ...response,
    header: member.header(response.header?.revision),
  })
  const answer = <T>(call: Call<T>) => {
    return (error: Error | undefined, response?: unknown): void => {
      if (error) call.fail(error)
      else call.reply(withHeader(response as WithHeader) as Init<T>)
    }
  }
  const checkSize = (bytes: Buffer): void => {
    if (bytes.length > config.requestBytesMax) throw etcdError('requestTooLarge')
  }
  /** Runs now, or when everything that was acknowledged before is in the state. */
  const read = <T>(call: Call<T>, isSerializable: boolean, execute: () => WithHeader): void => {
    const run = (): void => {
      try {
        call.reply(withHeader(execute()) as Init<T>)
      } catch (error) {
        call.fail(error)
      }
    }
    if (isSerializable) return run()
    member.read((error) => (error ? call.fail(error) : run()))
  }

  server
    .unary(KVService.Range, (request: RangeRequest, call: Call<RangeResponse>) => {
      checkRange(request)
      const identity = authenticator.identify(call)
      read(call, request.serializable, () => {
        const { store, auth } = member.state
        auth.check(identity, 'read', request.key, request.rangeEnd)
        return executeRange(store, request)
      })
    })
    .unary(KVService.Put, (put, call: Call<PutResponse>, bytes) => {
      checkPut(put)
      checkSize(bytes)
      member.submitRaw('put', { put }, bytes, answer(call), authenticator.identify(call))
    })
    .unary(KVService.DeleteRange, (deleteRange, call: Call<DeleteRangeResponse>, bytes) => {
      checkDeleteRange(deleteRange)
      checkSize(bytes)
      member.submitRaw(
        'deleteRange',
        { deleteRange },
        bytes,
        answer(call),
        authenticator.identify(call),
      )
    })
    .unary(KVService.Txn, (txn: TxnRequest, call: Call<TxnResponse>, bytes) => {
      checkTxn(txn, config.txnOpsMax)
      if (isReadOnly(txn)) {
        const identity = authenticator.identify(call)
        read(call, isSerializable(txn), () => {
          const { store, lessor, auth } = member.state
          checkTxnAccess(auth, identity, txn)
          return executeTxn(store, lessor, txn)
        })
        return
      }
      checkSize(bytes)
      member.submitRaw('txn', { txn }, bytes, answer(call), authenticator.identify(call))
    })
    .unary(KVService.Compact, (compact, call: Call<CompactionResponse>) => {
      member.submit({ compact }, answer(call))
    })
}
