import { createReadStream, readdirSync, statSync } from 'node:fs'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { join, normalize } from 'node:path'
import type { Pod } from '@kemu/api'
import type { Clock, MetricsRegistry } from '@kemu/base'
import type { Cri } from '../cri/cri.ts'
import type { Kubelet } from '../kubelet.ts'
import { cadvisorMetrics } from './cadvisor-metrics.ts'
import { HttpError } from './http-error.ts'
import { probeMetrics } from './probe-metrics.ts'
import { resourceMetrics } from './resource-metrics.ts'
import { Usage } from './usage.ts'

export interface NodeRoutesDeps {
  readonly kubelet: Kubelet
  readonly cri: Cri
  readonly clock: Clock
  readonly metrics: MetricsRegistry
  readonly systemLogsDir: string
}

const metricsType = 'text/plain; version=0.0.4; charset=utf-8'

/** Health, pods, figures and logs of the node as a whole. */
export class NodeRoutes {
  readonly #deps: NodeRoutesDeps
  readonly #usage: Usage

  constructor(deps: NodeRoutesDeps) {
    this.#deps = deps
    this.#usage = new Usage(deps)
  }

  /** Answers false when the path is not one of these. */
  async serve(request: IncomingMessage, response: ServerResponse, url: URL): Promise<boolean> {
    if (request.method !== 'GET') return false
    const { kubelet, metrics } = this.#deps
    const path = url.pathname.replace(/(.)\/$/, '$1')
    switch (path) {
      case '/healthz':
      case '/healthz/ping':
      case '/healthz/log':
      case '/healthz/syncloop':
        text(response, kubelet.pleg.healthy ? 'ok' : '[-]syncloop failed', kubelet.pleg.healthy)
        return true
      case '/pods':
        json(response, podList(this.#pods()))
        return true
      case '/runningpods':
        json(response, podList(this.#runningPods()))
        return true
      case '/metrics':
        send(response, metricsType, metrics.expose())
        return true
      case '/metrics/resource':
        send(
          response,
          metricsType,
          resourceMetrics(this.#usage.node(), await this.#usage.containers()),
        )
        return true
      case '/metrics/cadvisor':
        send(
          response,
          metricsType,
          cadvisorMetrics(this.#usage.node(), await this.#usage.containers()),
        )
        return true
      case '/metrics/probes':
        send(response, metricsType, probeMetrics(kubelet.prober))
        return true
      case '/stats/summary':
      case '/stats': {
        const { nodeName, rootDir } = kubelet.place
        json(response, await this.#usage.summary(nodeName, rootDir))
        return true
      }
      case '/configz':
        json(response, { kubeletconfig: kubelet.configuration })
        return true
      default:
        if (path !== '/logs' && !path.startsWith('/logs/')) return false
        this.#systemLogs(response, decodeURIComponent(path.slice('/logs'.length)))
        return true
    }
  }

  /** Specs from their sources, with the statuses that this kubelet gives them. */
  #pods(): Pod[] {
    const { registry, statuses } = this.#deps.kubelet
    return registry
      .list()
      .map((pod) => ({ ...pod, status: statuses.get(pod.metadata.uid) ?? pod.status }))
  }

  #runningPods(): Pod[] {
    return this.#deps.kubelet.pleg.pods.flatMap((observed) => {
      const running = observed.containers.filter(({ state }) => state === 'running')
      if (running.length === 0) return []
      const { name, namespace, uid } = observed
      return [
        {
          apiVersion: 'v1',
          kind: 'Pod',
          metadata: { name, namespace, uid, creationTimestamp: '', resourceVersion: '' },
          spec: { containers: running.map((c) => ({ name: c.name, image: c.image })) },
          status: {},
        },
      ]
    })
  }

  /** Files below the host's /var/log; nothing outside it. */
  #systemLogs(response: ServerResponse, below: string): void {
    const path = join(this.#deps.systemLogsDir, normalize(`/${below}`))
    const found = statSync(path, { throwIfNoEntry: false })
    if (!found) throw new HttpError(404, '404 page not found\n')
    if (found.isDirectory()) {
      const names = readdirSync(path, { withFileTypes: true })
        .map((entry) => (entry.isDirectory() ? `${entry.name}/` : entry.name))
        .sort()
      const links = names.map((name) => `<a href="${encodeURI(name)}">${escape(name)}</a>\n`)
      send(response, 'text/html; charset=utf-8', `<pre>\n${links.join('')}</pre>\n`)
      return
    }
    if (!found.isFile()) throw new HttpError(404, '404 page not found\n')
    response.writeHead(200, { 'content-type': 'text/plain; charset=utf-8' })
    createReadStream(path)
      .on('error', () => response.destroy())
      .pipe(response)
  }
}

function podList(items: readonly Pod[]): object {
  return { kind: 'PodList', apiVersion: 'v1', metadata: {}, items }
}

function json(response: ServerResponse, value: object): void {
  send(response, 'application/json', JSON.stringify(value))
}

function text(response: ServerResponse, body: string, ok: boolean): void {
  response.writeHead(ok ? 200 : 500, { 'content-type': 'text/plain; charset=utf-8' })
  response.end(body)
}

function send(response: ServerResponse, type: string, body: string): void {
  response.writeHead(200, { 'content-type': type })
  response.end(body)
}

function escape(name: string): string {
  return name.replaceAll('&', '&amp;').replaceAll('<', '&lt;')
}
