import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { kinds } from '@kemu/api/kinds'
import { Closers, parseFlags, silentLogger, systemClock } from '@kemu/base'
import type { ResolveName } from '@kemu/base'
import { GrpcTransport, RestTransport } from '@kemu/client'
import type { Transport } from '@kemu/client'
import { CertificateAuthority, certificateLifetimeMs, generateKeys } from '@kemu/pki'
import type { Identity } from '@kemu/pki'
import { readConfig } from '../config.ts'
import { apiserverFlags } from '../flags.ts'
import { serverIdentity, startServer } from '../server.ts'
import type { RunningServer } from '../server.ts'

/** Who asks: a certificate's common name and organizations. */
export interface TestUser {
  readonly name: string
  readonly groups: readonly string[]
}

export const admin: TestUser = { name: 'test-admin', groups: ['system:masters'] }

/** A whole API server with TLS on both ports, in this process, for the length of a test. */
export class TestServer {
  readonly #folder: string
  readonly #authority: CertificateAuthority
  readonly #flags: readonly string[]
  #closers = new Closers()
  #running: RunningServer | undefined
  readonly #transports: Transport[] = []

  private constructor(folder: string, authority: CertificateAuthority, flags: readonly string[]) {
    this.#folder = folder
    this.#authority = authority
    this.#flags = flags
  }

  /** `memory:` is a store that lives as long as the server. */
  static async start(etcd = 'memory:', more: readonly string[] = []): Promise<TestServer> {
    const folder = mkdtempSync(join(tmpdir(), 'kemu-apiserver-'))
    const authority = await CertificateAuthority.create('kubernetes', systemClock.now())
    const serving = await authority.issue({
      commonName: 'kube-apiserver',
      organizations: [],
      usages: ['server auth'],
      dnsNames: ['localhost'],
      ipAddresses: ['127.0.0.1'],
      ...lifetime(),
    })
    const tokens = await generateKeys()
    const file = (name: string, text: string): string => {
      writeFileSync(join(folder, name), text)
      return join(folder, name)
    }
    const flags = [
      '--bind-address=127.0.0.1',
      '--advertise-address=10.0.0.1',
      '--secure-port=0',
      '--grpc-secure-port=0',
      `--client-ca-file=${file('ca.crt', authority.certificate)}`,
      `--tls-cert-file=${file('server.crt', serving.certificate)}`,
      `--tls-private-key-file=${file('server.key', serving.privateKey)}`,
      `--service-account-key-file=${file('sa.pub', tokens.publicKey)}`,
      `--service-account-signing-key-file=${file('sa.key', tokens.privateKey)}`,
      '--service-cluster-ip-range=10.96.0.0/12',
      '--authorization-mode=Node,RBAC',
      '--enable-admission-plugins=NodeRestriction',
      '--enable-bootstrap-token-auth=true',
      '--endpoint-reconciler-type=none',
      `--etcd-servers=${etcd}`,
      ...more,
    ]
    const server = new TestServer(folder, authority, flags)
    await server.run()
    return server
  }

  /** By what it knows its keys of earlier starts again. */
  get identity(): string {
    return serverIdentity(join(this.#folder, 'server.key'))
  }

  get running(): RunningServer {
    if (!this.#running) throw new Error('the server does not run')
    return this.#running
  }

  /** Starts it (again), with these flags besides, and waits until it is ready. */
  async run(more: readonly string[] = []): Promise<void> {
    this.#closers = new Closers()
    const config = readConfig(parseFlags(apiserverFlags, [...this.#flags, ...more]))
    const context = { config, kinds, logger: silentLogger, closers: this.#closers }
    this.#running = await startServer(context)
    const rest = await this.rest(admin)
    while ((await rest.raw('GET', '/readyz')).code !== 200) await nextTurn()
  }

  /** Ends the server as SIGTERM would; its store, if it is no memory, stays. */
  async halt(): Promise<void> {
    for (const transport of this.#transports.splice(0)) transport.close()
    await this.#closers.close()
    this.#running = undefined
  }

  async stop(): Promise<void> {
    if (this.#running) await this.halt()
    rmSync(this.#folder, { recursive: true, force: true })
  }

  /** `resolve` is asked at each dial. */
  async rest(
    user: TestUser,
    resolve: ResolveName = async () => ['127.0.0.1'],
  ): Promise<RestTransport> {
    const { certificate, privateKey } = await this.#identity(user)
    return this.#keep(
      new RestTransport({
        server: `https://localhost:${this.running.restPort}`,
        ca: this.#authority.certificate,
        cert: certificate,
        key: privateKey,
        userAgent: 'test',
        resolve,
        clock: systemClock,
      }),
    )
  }

  async grpc(user: TestUser): Promise<GrpcTransport> {
    const { certificate, privateKey } = await this.#identity(user)
    return this.#keep(
      new GrpcTransport({
        target: `localhost:${this.running.grpcPort}`,
        tls: { ca: this.#authority.certificate, cert: certificate, key: privateKey },
        userAgent: 'test',
      }),
    )
  }

  /** A caller that shows no certificate; with a token, or anonymous. */
  restWithToken(token?: string): RestTransport {
    return this.#keep(
      new RestTransport({
        server: `https://127.0.0.1:${this.running.restPort}`,
        ca: this.#authority.certificate,
        userAgent: 'test',
        resolve: async (name) => [name],
        clock: systemClock,
        ...(token !== undefined && { token: () => token }),
      }),
    )
  }

  grpcWithToken(token?: string): GrpcTransport {
    return this.#keep(
      new GrpcTransport({
        target: `localhost:${this.running.grpcPort}`,
        tls: { ca: this.#authority.certificate },
        userAgent: 'test',
        ...(token !== undefined && { token: () => token }),
      }),
    )
  }

  /** A user's certificate and key, for connections of a test's own. */
  async clientIdentity(user: TestUser): Promise<{ cert: string; key: string }> {
    const { certificate, privateKey } = await this.#identity(user)
    return { cert: certificate, key: privateKey }
  }

  #identity({ name, groups }: TestUser): Promise<Identity> {
    return this.#authority.issue({
      commonName: name,
      organizations: groups,
      usages: ['client auth'],
      ...lifetime(),
    })
  }

  #keep<T extends Transport>(transport: T): T {
    this.#transports.push(transport)
    return transport
  }
}

function lifetime(): { notBeforeMs: number; notAfterMs: number } {
  const nowMs = systemClock.now()
  return { notBeforeMs: nowMs - 60_000, notAfterMs: nowMs + certificateLifetimeMs }
}

function nextTurn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve))
}
