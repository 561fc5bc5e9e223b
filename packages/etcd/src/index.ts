/**
 * A replicated key-value store that real etcd clients cannot tell from etcd: the v3 gRPC API over a multi-version
 * store, replicated by @kemu/raft. Other packages reach it only over the wire, with the codecs of @kemu/rpc; this door
 * is for tests that want a member in their own process.
 *
 * ```ts
 * const config = parseConfig(parseFlags(etcdFlags, ['--data-dir', dir, '--listen-client-urls', 'http://127.0.0.1:0']))
 * const server = await startEtcd({ clock: systemClock, random: systemRandom, logger, config })
 * ```
 */
export { parseConfig } from './config.ts'
export type { EtcdConfig } from './config.ts'
export { etcdFlags } from './flags.ts'
export { startEtcd } from './server.ts'
export type { EtcdDeps, EtcdServer } from './server.ts'
