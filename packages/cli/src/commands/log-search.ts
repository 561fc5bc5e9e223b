import { parseDuration, systemClock } from '@kemu/base'
import type { FoundLine, LogQuery } from '@kemu/log-store'
import { searchLogs } from '@kemu/log-store'
import { adminAccess, adminClientOf } from '../cluster/admin-access.ts'
import type { ClusterChoice } from '../cluster/admin-access.ts'
import { CliError } from '../cli-error.ts'
import { openKeptLogs } from '../kept-logs/open-kept-logs.ts'
import { print } from '../output/print.ts'

export interface LogSearchOptions extends ClusterChoice {
  readonly search?: string
  readonly since?: string
  readonly pod?: string
  readonly namespace?: string
  readonly container?: string
  readonly host?: string
  readonly tail?: string
  readonly timestamps?: boolean
}

/** `kemu logs --search TEXT ...`: what the logs add-on kept, by time, also of pods that are gone. */
export async function searchKeptLogs(
  component: string | undefined,
  options: LogSearchOptions,
): Promise<void> {
  const query = readQuery(component, options)
  const tail = readTail(options.tail)
  const access = adminAccess(options)
  const client = adminClientOf(access)
  try {
    const kept = await openKeptLogs(access, client)
    try {
      const found = searchLogs(kept.reader, query)
      for await (const line of tail === undefined ? found : lastOf(found, tail)) {
        print(format(line, options.timestamps === true))
      }
    } finally {
      kept.close()
    }
  } finally {
    client.close()
  }
}

function readQuery(component: string | undefined, options: LogSearchOptions): LogQuery {
  const { search, since, pod, namespace, container, host } = options
  if (component !== undefined && container !== undefined) {
    throw new CliError('a component and --container cannot both be asked for', 'usage')
  }
  const ageMs = since === undefined ? undefined : parseDuration(since)
  if (since !== undefined && (ageMs === undefined || ageMs < 0)) {
    throw new CliError(`--since must be a duration like 10m or 1h30m, not "${since}"`, 'usage')
  }
  return {
    text: search,
    sinceMs: ageMs === undefined ? undefined : systemClock.now() - ageMs,
    pod,
    // As with kubectl, a pod is one of the namespace default when nothing else is said.
    namespace: namespace ?? (pod === undefined ? undefined : 'default'),
    container: component ?? container,
    host,
  }
}

function readTail(text: string | undefined): number | undefined {
  if (text === undefined) return undefined
  const lines = Number(text)
  if (Number.isInteger(lines) && lines >= 0) return lines
  throw new CliError(`--tail must be a number of lines, not "${text}"`, 'usage')
}

async function* lastOf(found: AsyncIterable<FoundLine>, count: number): AsyncIterable<FoundLine> {
  const last: FoundLine[] = []
  for await (const line of found) {
    last.push(line)
    if (last.length > count) last.shift()
  }
  yield* last
}

/** As `kubectl logs --prefix --timestamps` shows them, with the pod's namespace; components with their host. */
function format({ source, line }: FoundLine, timestamps: boolean): string {
  const prefix =
    source.kind === 'pod'
      ? `[pod/${source.namespace}/${source.pod}/${line.container}]`
      : `[host/${source.host}/${source.component}]`
  return `${prefix} ${timestamps ? `${line.time} ` : ''}${line.text.toString()}\n`
}
