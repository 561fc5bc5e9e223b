import { execFile } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { componentCommand, sleep, systemClock, thisProgram } from '@kemu/base'
import { deployments, nodes, pods, services } from '@kemu/api'
import type { Deployment, Draft, Service } from '@kemu/api'
import { parseYamlDocuments } from '@kemu/api/yaml'
import type { Client } from '@kemu/client'
import { enforce } from '@kemu/kubeadm'
import { detectCapabilities, dnsAddress } from '@kemu/network'
import { enterCommand } from '../commands/enter.ts'
import type { ClusterDirectory } from '../cluster/cluster-directory.ts'
import type { ClusterRecord } from '../cluster/cluster-record.ts'
import { isRolledOut, waitFor } from '../cluster/wait.ts'
import type { Progress } from '../output/progress.ts'
import { print } from '../output/print.ts'
import { nodeTable, podTable } from './wide-tables.ts'

const run = promisify(execFile)
const namespace = 'default'
const serviceName = 'httpd'

/** Deploys examples/httpd.yaml, waits for it, shows what runs, and fetches its page through the Service's DNS name. */
export async function runExample(
  client: Client,
  record: ClusterRecord,
  directory: ClusterDirectory,
  progress: Progress,
  signal: AbortSignal,
): Promise<void> {
  await progress.step('example', 'examples/httpd.yaml is applied', () => apply(client))
  await progress.step('example', 'The Deployment is rolled out', () =>
    waitFor(
      client,
      deployments,
      namespace,
      (all) => all.some(isExample) && all.filter(isExample).every(isRolledOut),
      signal,
    ),
  )
  const url = `http://${serviceName}.${namespace}.svc.cluster.local/`
  const page = await progress.step('example', `${url} answers`, () =>
    fetchPage(record, directory, url, signal),
  )
  const [nodeList, podList] = await Promise.all([
    client.resource(nodes).list(),
    client.resource(pods, namespace).list(),
  ])
  print(
    `\n${nodeTable(nodeList.items)}\n${podTable(podList.items)}\n$ curl ${url}\n${page.trimEnd()}\n\n`,
  )
}

function isExample(deployment: Deployment): boolean {
  return deployment.metadata.name === 'httpd'
}

async function apply(client: Client): Promise<void> {
  const file = join(thisProgram().root, 'examples/httpd.yaml')
  const documents = parseYamlDocuments(readFileSync(file, 'utf8'))
  for (const document of documents as (Draft<Deployment> | Draft<Service>)[]) {
    const metadata = { ...document.metadata, namespace }
    if (document.kind === 'Deployment') {
      await enforce(client, [{ type: deployments, object: { ...document, metadata } }])
    } else {
      await enforce(client, [{ type: services, object: { ...document, metadata } }])
    }
  }
}

/** Runs `kemu fetch` on a host until it answers: DNS and the proxies learn of the Service a moment after us. */
async function fetchPage(
  record: ClusterRecord,
  directory: ClusterDirectory,
  url: string,
  signal: AbortSignal,
): Promise<string> {
  const shift = await portShiftOf(record)
  const dns = `${dnsAddress(record.plan)}:${53 + shift}`
  const host = record.hosts.at(-1)!.name
  const command = componentCommand(thisProgram(), 'fetch', [
    url,
    `--dns=${dns}`,
    `--port-shift=${shift}`,
  ])
  const [program, ...args] = enterCommand(record, directory, host, command)
  for (;;) {
    try {
      const { stdout } = await run(program!, args)
      return stdout.slice(stdout.indexOf(' ') + 1)
    } catch (error) {
      signal.throwIfAborted()
      await sleep(systemClock, 50)
      if (systemClock.monotonicMs() > 120_000 + startedMs) throw error
    }
  }
}

const startedMs = systemClock.monotonicMs()

/** On loopback a user without rights finds ports below 1024 moved up. */
async function portShiftOf(record: ClusterRecord): Promise<number> {
  if (record.plan.driver !== 'loopback') return 0
  const { firstFreePort } = await detectCapabilities()
  return firstFreePort > 1 ? 20_000 : 0
}
