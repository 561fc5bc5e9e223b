import { isNotFound, namespaces, pods } from '@kemu/api'
import type { Pod } from '@kemu/api'
import type { Client, ClusterAccess } from '@kemu/client'
import type { LogReader } from '@kemu/log-store'
import { openRedisOver, RedisLogReader } from '@kemu/log-store/redis'
import { findAddon } from '../addons/addon.ts'
import { CliError } from '../cli-error.ts'
import { ForwardedPort } from './forwarded-port.ts'
import { typed } from '../output/typed.ts'

const redisPort = 6379

/** The kept logs of a cluster, open for reading. */
export interface KeptLogs {
  readonly reader: LogReader
  close(): void
}

/** Connects to the add-on's Redis through the API server; says what to do when there is none. */
export async function openKeptLogs(access: ClusterAccess, client: Client): Promise<KeptLogs> {
  const { namespace, name } = findAddon('logs')
  const pod = await findRedis(client, namespace, name)
  const port = await ForwardedPort.open(access, namespace, pod, redisPort).catch((error: Error) => {
    throw new CliError(notAnswering(namespace, error), 'state')
  })
  const redis = openRedisOver(port)
  let failure: Error | undefined
  redis.on('error', (error: Error) => (failure ??= error))
  try {
    await redis.ping()
  } catch (error) {
    port.destroy()
    throw new CliError(notAnswering(namespace, failure ?? (error as Error)), 'state')
  }
  const close = (): void => {
    redis.disconnect()
    port.destroy()
  }
  return { reader: new RedisLogReader(redis), close }
}

async function findRedis(client: Client, namespace: string, addon: string): Promise<string> {
  try {
    await client.resource(namespaces).get(namespace)
  } catch (error) {
    if (!isNotFound(error)) throw error
    const text = `no logs are kept: the add-on is not enabled; enable it with: ${typed(`addon enable ${addon}`)}`
    throw new CliError(text, 'state')
  }
  const { items } = await client.resource(pods, namespace).list({ labelSelector: 'k8s-app=redis' })
  const ready = items.find(isReady)
  if (ready) return ready.metadata.name
  const seen = items
    .map(({ metadata, status }) => `${metadata.name} is ${status?.phase}`)
    .join(', ')
  throw new CliError(notAnswering(namespace, new Error(seen || 'it has no pod')), 'state')
}

function isReady({ status }: Pod): boolean {
  return status?.conditions?.some((c) => c.type === 'Ready' && c.status === 'True') ?? false
}

function notAnswering(namespace: string, error: Error): string {
  return `Redis of the logs add-on does not answer (${error.message}); see: kubectl -n ${namespace} get pods`
}
