import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Clock, Logger } from '@kemu/base'
import type { Client } from '@kemu/client'
import { requestServingPair, selfSignedPair } from '../certificates/serving-certificate.ts'
import type { ServingNames, ServingPair } from '../certificates/serving-certificate.ts'
import type { KubeletConfiguration } from '../config/kubelet-configuration.ts'
import type { NodePaths } from '../config/node-paths.ts'
import type { KubeletServer, ServingFiles } from './kubelet-server.ts'

export interface ServingDeps {
  readonly clock: Clock
  readonly logger: Logger
  readonly config: KubeletConfiguration
  readonly paths: NodePaths
  readonly certDir: string
  readonly names: ServingNames
}

/** Gives the kubelet's HTTPS server its certificates. */
export class Serving {
  readonly #deps: ServingDeps
  readonly #server: KubeletServer

  constructor(deps: ServingDeps, server: KubeletServer) {
    this.#deps = deps
    this.#server = server
  }

  /** Is there a certificate to begin with, or must one be made? */
  get hasPair(): boolean {
    const { config, certDir } = this.#deps
    return config.tlsCertFile !== '' || existsSync(join(certDir, 'kubelet.crt'))
  }

  async start(): Promise<void> {
    const { config } = this.#deps
    if (!config.enableServer || config.port === 0) return
    await this.#server.listen(config.address, config.port, this.#files(await this.#firstPair()))
  }

  /** serverTLSBootstrap: a certificate of its own serves until the cluster's signer gave one. */
  async connect(client: Client, signal: AbortSignal): Promise<void> {
    const { config, clock, logger, certDir, names } = this.#deps
    if (!config.serverTlsBootstrap || !config.enableServer) return
    try {
      const pair = await requestServingPair({ client, clock, logger }, certDir, names, signal)
      this.#server.renew(this.#files(pair))
    } catch (error) {
      if (!signal.aborted)
        logger.warn('Serving certificate was not obtained', { err: error as Error })
    }
  }

  close(): Promise<void> {
    return this.#server.close()
  }

  async #firstPair(): Promise<ServingPair> {
    const { config, paths, certDir, names, clock } = this.#deps
    const { tlsCertFile, tlsPrivateKeyFile } = config
    if (tlsCertFile !== '' && tlsPrivateKeyFile !== '')
      return {
        cert: readFileSync(paths.onHost(tlsCertFile), 'utf8'),
        key: readFileSync(paths.onHost(tlsPrivateKeyFile), 'utf8'),
      }
    return selfSignedPair(certDir, names, clock.now())
  }

  #files(pair: ServingPair): ServingFiles {
    const { config, paths } = this.#deps
    const { clientCaFile } = config.authentication
    const clientCa =
      clientCaFile === '' ? undefined : readFileSync(paths.onHost(clientCaFile), 'utf8')
    return { ...pair, clientCa }
  }
}
