import { CompareCompareTarget, KVService } from '@kemu/rpc/etcd-codec'
import type { KeyValue, RequestOp, ResponseOp } from '@kemu/rpc/etcd-codec'
import type { Init } from '@kemu/rpc/protobuf'
import type {
  ActionResult,
  KvAction,
  KvInput,
  KvOperation,
  KvOutput,
} from '../checkers/operation.ts'
import { describeInput, describeOutput } from '../checkers/operation.ts'
import { seenOf } from '../checkers/store-history.ts'
import type { Channel } from '../grpc/client.ts'
import type { Client } from './client.ts'
import { pick } from './pick.ts'

const keys = ['k0', 'k1', 'k2', 'k3', 'l1', 'l2']
const everything = { key: 'k', rangeEnd: 'm' }
const noLease = 0n

/** Asks for one thing and writes down what came of it. */
export async function perform(
  client: Client,
  input: KvInput,
  operations: KvOperation[],
): Promise<KvOutput | undefined> {
  if (!(await client.isConnected())) return undefined
  const calledAt = client.nowMs
  const { name, story } = client.deps
  const output = await client.call((channel) => {
    story(`${name} > ${client.endpoint}: ${describeInput(input)}`)
    return send(channel, input)
  })
  const returnedAt = output ? client.nowMs : Number.POSITIVE_INFINITY
  operations.push({ client: name, input, output, calledAt, returnedAt })
  if (output)
    story(`${name} < ${client.endpoint}: ${describeInput(input)} -> ${describeOutput(output)}`)
  return output
}

/** Puts, reads, deletes and swaps, one after the other. */
export async function runKvClient(
  client: Client,
  rounds: number,
  operations: KvOperation[],
): Promise<void> {
  const { random, name } = client.deps
  const known = new Map<string, number>()
  for (let round = 1; round <= rounds && !client.isStopped; round++) {
    await client.sleep(random.int(150))
    // Now and then to somebody else.
    if (random.int(10) === 0) client.leave()
    const input = nextInput(client, `${name}.${round}`, known)
    const output = await perform(client, input, operations)
    for (const result of output?.results ?? []) {
      if (result.kind !== 'range') continue
      for (const { key, modRevision } of result.keys) known.set(key, modRevision)
    }
    if (output) known.set('revision', output.revision)
  }
}

function nextInput(
  { deps: { random } }: Client,
  value: string,
  known: ReadonlyMap<string, number>,
): KvInput {
  const key = pick(random, keys)
  const put = (at: string): KvAction => ({ kind: 'put', key: at, value, lease: noLease })
  switch (random.int(9)) {
    case 0:
    case 1:
    case 2:
      return { kind: 'put', key, value, lease: noLease }
    case 3:
      return { kind: 'range', key, rangeEnd: '' }
    case 4:
      return { kind: 'range', ...everything }
    case 5:
      return random.int(4) === 0
        ? { kind: 'delete', key: 'k2', rangeEnd: 'l2' }
        : { kind: 'delete', key, rangeEnd: '' }
    case 6: {
      const revision =
        random.int(2) === 0 ? 0 : Math.max(0, (known.get('revision') ?? 0) - random.int(5))
      return { kind: 'oldRange', ...everything, revision }
    }
    default: {
      const other = pick(random, keys)
      const success = other === key ? [put(key)] : [put(key), put(other)]
      return {
        kind: 'txn',
        compare: [{ key, modRevision: known.get(key) ?? 0 }],
        success: [...success, { kind: 'range', ...everything }],
        failure: [{ kind: 'range', key, rangeEnd: '' }],
      }
    }
  }
}

async function send(channel: Channel, input: KvInput): Promise<KvOutput> {
  switch (input.kind) {
    case 'put': {
      const { header } = await channel.unary(KVService.Put, input)
      return { revision: header!.revision, succeeded: true, results: [{ kind: 'put' }] }
    }
    case 'delete': {
      const { header, deleted } = await channel.unary(KVService.DeleteRange, input)
      return { revision: header!.revision, succeeded: true, results: [{ kind: 'delete', deleted }] }
    }
    case 'range':
    case 'oldRange': {
      const isOld = input.kind === 'oldRange'
      const { key, rangeEnd } = input
      const revision = isOld ? input.revision : 0
      const request = { key, rangeEnd, revision, serializable: isOld }
      const { header, kvs } = await channel.unary(KVService.Range, request)
      return { revision: header!.revision, succeeded: true, results: [rangeResult(kvs)] }
    }
    case 'txn': {
      const compare = input.compare.map(({ key, modRevision }) => ({
        key,
        target: CompareCompareTarget.MOD,
        modRevision,
      }))
      const success = input.success.map(requestOf)
      const failure = input.failure.map(requestOf)
      const request = { compare, success, failure }
      const { header, succeeded, responses } = await channel.unary(KVService.Txn, request)
      return { revision: header!.revision, succeeded, results: responses.map(resultOf) }
    }
  }
}

function requestOf(action: KvAction): Init<RequestOp> {
  switch (action.kind) {
    case 'put':
      return { requestPut: action }
    case 'delete':
      return { requestDeleteRange: action }
    case 'range':
      return { requestRange: action }
  }
}

function resultOf({ responseRange, responseDeleteRange }: ResponseOp): ActionResult {
  if (responseRange) return rangeResult(responseRange.kvs)
  if (responseDeleteRange) return { kind: 'delete', deleted: responseDeleteRange.deleted }
  return { kind: 'put' }
}

function rangeResult(kvs: readonly KeyValue[]): ActionResult {
  return { kind: 'range', keys: kvs.map(seenOf) }
}
