import { existsSync } from 'node:fs'
import { FlagError, sleep, systemClock, systemRandom } from '@kemu/base'
import type { Closers, Logger } from '@kemu/base'
import { Client, loadKubeconfig, openTransport } from '@kemu/client'
import type { Transport } from '@kemu/client'
import { rotateClientCertificate } from './certificates/client-rotation.ts'
import { RotatingTransport } from './certificates/rotating-transport.ts'
import { bootstrapClientCertificate, hasValidKubeconfig } from './certificates/tls-bootstrap.ts'
import { kubeletVersion } from './node/node-status.ts'

export interface ClusterAccessConfig {
  readonly kubeconfig: string
  readonly bootstrapKubeconfig: string | undefined
  readonly certDir: string
  readonly nodeName: string
  readonly rotateCertificates: boolean
}

const bootstrapRetryMs = 200

/**
 * The client of the API server: gets a certificate first if there is none, and renews it later.
 * Undefined when the signal came before.
 */
export async function accessCluster(
  config: ClusterAccessConfig,
  closers: Closers,
  logger: Logger,
  signal: AbortSignal,
): Promise<Client | undefined> {
  await bootstrap(config, logger, signal)
  if (signal.aborted) return undefined
  const { kubeconfig, certDir, nodeName } = config
  const open = (): Transport =>
    openTransport(loadKubeconfig(kubeconfig), `kubelet/${kubeletVersion} (linux) kemu`)
  const transport = new RotatingTransport(open())
  const client = new Client(transport)
  closers.defer(() => client.close())
  if (config.rotateCertificates) {
    const rotation = {
      client,
      clock: systemClock,
      random: systemRandom,
      logger,
      certDir,
      nodeName,
      renewed: () => transport.replace(open()),
    }
    void rotateClientCertificate(rotation, signal)
  }
  return client
}

async function bootstrap(
  config: ClusterAccessConfig,
  logger: Logger,
  signal: AbortSignal,
): Promise<void> {
  const { kubeconfig, bootstrapKubeconfig, certDir, nodeName } = config
  if (hasValidKubeconfig(kubeconfig, systemClock.now(), logger)) return
  if (!bootstrapKubeconfig) return
  if (!existsSync(bootstrapKubeconfig))
    throw new FlagError(
      `unable to load bootstrap kubeconfig: stat ${bootstrapKubeconfig}: no such file or directory`,
    )
  const files = { kubeconfig, bootstrapKubeconfig, certDir, nodeName }
  while (!signal.aborted) {
    try {
      return await bootstrapClientCertificate({ clock: systemClock, logger }, files, signal)
    } catch (error) {
      logger.warn('Client certificate was not obtained, trying again', { err: error as Error })
      await sleep(systemClock, bootstrapRetryMs, signal)
    }
  }
}
