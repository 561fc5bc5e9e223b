/**
 * The collector of a host's logs: finds the files of containers and components, follows them through rotation and
 * restarts, and ships their lines. Upstream counterpart: a node's logging agent (fluentd, fluent-bit).
 */
export { startCollector } from './server.ts'
export type { CollectorDeps, CollectorOptions } from './server.ts'
