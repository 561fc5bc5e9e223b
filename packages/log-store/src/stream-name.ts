import type { LogSource } from './log-line.ts'

/** Everything of the add-on lies below this prefix, so that other users of the same Redis are not touched. */
const prefix = 'logs:'

/** Sorted set of the streams, scored by the time of their last batch in milliseconds. */
export const indexKey = `${prefix}streams`

/** Hash from a file's id to the bytes of it that are in a stream. */
export function positionsKey(host: string): string {
  return `${prefix}positions:${host}`
}

/** `logs:pod:default/web-1` or `logs:host:worker1/kubelet`: what a person reads in redis-cli. */
export function streamName(source: LogSource): string {
  switch (source.kind) {
    case 'pod':
      return `${prefix}pod:${source.namespace}/${source.pod}`
    case 'component':
      return `${prefix}host:${source.host}/${source.component}`
  }
}

/** Undefined when the name is not a stream's. */
export function parseStreamName(name: string): LogSource | undefined {
  const match = /^logs:(pod|host):([^/]+)\/(.+)$/.exec(name)
  if (!match) return undefined
  const [, kind, first, second] = match as unknown as [string, string, string, string]
  return kind === 'pod'
    ? { kind: 'pod', namespace: first, pod: second }
    : { kind: 'component', host: first, component: second }
}
