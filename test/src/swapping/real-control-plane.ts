import { spawn } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { freePorts as freeNumbers } from '@kemu/base/testing'
import { EtcdGroup, freePorts, kemuEtcd } from '../etcd/etcd-group.ts'
import type { GroupMember } from '../etcd/etcd-group.ts'
import { eventually } from '../support/eventually.ts'
import { findProgram } from '../support/programs.ts'
import { run, succeed } from '../support/run.ts'
import type { Outcome } from '../support/run.ts'
import { ControlPlaneFiles } from './control-plane-files.ts'

/** What a control plane's store is like. */
export interface StoreShape {
  readonly members: 1 | 3
  readonly tls: boolean
}

interface MemberStatus {
  readonly Endpoint: string
  readonly Status: {
    readonly header: { readonly member_id: number; readonly revision: number }
    readonly leader: number
  }
}

/** The real kube-apiserver, controller manager and scheduler, with members of `kemu etcd` below them. */
export class RealControlPlane {
  readonly store: EtcdGroup
  readonly #directory: string
  readonly #files: ControlPlaneFiles
  readonly #port: number
  readonly #shape: StoreShape
  readonly #children: ChildProcess[] = []

  private constructor(
    directory: string,
    files: ControlPlaneFiles,
    port: number,
    store: EtcdGroup,
    shape: StoreShape,
  ) {
    this.#directory = directory
    this.#files = files
    this.#port = port
    this.store = store
    this.#shape = shape
  }

  static async start(shape: StoreShape): Promise<RealControlPlane> {
    const directory = mkdtempSync(join(tmpdir(), 'kemu-real-'))
    const [port] = await freeNumbers(1)
    const server = `https://127.0.0.1:${port}`
    const files = await ControlPlaneFiles.create(join(directory, 'pki'), server)
    const store = new EtcdGroup({
      program: kemuEtcd,
      directory,
      ports: await freePorts(shape.members),
      ...(shape.tls && { scheme: 'https' as const, flags: tlsFlags(files) }),
    })
    const plane = new RealControlPlane(directory, files, port!, store.start(), shape)
    try {
      await plane.#startPrograms()
    } catch (error) {
      const words = plane.#lastWords()
      await plane.stop()
      throw new Error(`${(error as Error).message}\n${words}`, { cause: error })
    }
    return plane
  }

  get kubeconfig(): string {
    return this.#files.path('admin.conf')
  }

  kubectl(...args: readonly string[]): Promise<string> {
    return succeed(findProgram('kubectl')!, args, { env: this.#env() })
  }

  tryKubectl(...args: readonly string[]): Promise<Outcome> {
    return run(findProgram('kubectl')!, args, { env: this.#env() })
  }

  /** etcdctl on all members, or on these. */
  etcdctl(args: readonly string[], endpoints = this.store.endpoints): Promise<string> {
    const { tls } = this.#shape
    const client = this.#files.path('apiserver-etcd-client')
    const flags = tls
      ? [
          `--cacert=${this.#files.path('etcd-ca.crt')}`,
          `--cert=${client}.crt`,
          `--key=${client}.key`,
        ]
      : []
    const all = [`--endpoints=${endpoints}`, ...flags, ...args]
    return succeed(findProgram('etcdctl')!, all, { env: { ...process.env, ETCDCTL_API: '3' } })
  }

  /** The member that leads, and the store's revision. */
  async status(): Promise<{ leader: GroupMember; revision: number }> {
    const text = await this.etcdctl(['endpoint', 'status', '--write-out=json'])
    const all = JSON.parse(text) as MemberStatus[]
    const leading = all.find(({ Status }) => Status.leader === Status.header.member_id)
    const leader = this.store.members.find(({ endpoint }) => endpoint === leading?.Endpoint)
    if (!leading || !leader) throw new Error(`nobody leads: ${text}`)
    return { leader, revision: leading.Status.header.revision }
  }

  async stop(): Promise<void> {
    for (const child of this.#children.toReversed()) {
      if (child.exitCode !== null || child.signalCode !== null) continue
      const gone = new Promise((resolve) => child.once('exit', resolve))
      child.kill('SIGKILL')
      await gone
    }
    await this.store.close()
    rmSync(this.#directory, { recursive: true, force: true })
  }

  async #startPrograms(): Promise<void> {
    await eventually('the store answers', async () => (await this.status()).revision)
    this.#start('kube-apiserver', this.#apiserverFlags())
    await eventually('kube-apiserver is ready', async () => {
      return (await this.kubectl('get', '--raw', '/readyz')) === 'ok' ? true : undefined
    })
    const path = (name: string): string => this.#files.path(name)
    this.#start('kube-controller-manager', [
      `--kubeconfig=${path('controller-manager.conf')}`,
      `--service-account-private-key-file=${path('sa.key')}`,
      `--root-ca-file=${path('ca.crt')}`,
      '--use-service-account-credentials',
      '--node-monitor-grace-period=2h',
      '--bind-address=127.0.0.1',
      '--secure-port=0',
    ])
    const nodes = ['node1', 'node2'].map(readyNode)
    const list = JSON.stringify({ apiVersion: 'v1', kind: 'List', items: nodes })
    await succeed(findProgram('kubectl')!, ['create', '-f', '-'], { env: this.#env(), input: list })
    this.#start('kube-scheduler', [
      `--kubeconfig=${path('scheduler.conf')}`,
      '--bind-address=127.0.0.1',
      '--secure-port=0',
    ])
  }

  #apiserverFlags(): string[] {
    const path = (name: string): string => this.#files.path(name)
    const etcdTls = [
      `--etcd-cafile=${path('etcd-ca.crt')}`,
      `--etcd-certfile=${path('apiserver-etcd-client.crt')}`,
      `--etcd-keyfile=${path('apiserver-etcd-client.key')}`,
    ]
    return [
      `--etcd-servers=${this.store.endpoints}`,
      ...(this.#shape.tls ? etcdTls : []),
      '--bind-address=127.0.0.1',
      '--advertise-address=127.0.0.1',
      `--secure-port=${this.#port}`,
      '--endpoint-reconciler-type=none',
      '--service-cluster-ip-range=10.96.0.0/12',
      '--authorization-mode=Node,RBAC',
      `--client-ca-file=${path('ca.crt')}`,
      `--tls-cert-file=${path('apiserver.crt')}`,
      `--tls-private-key-file=${path('apiserver.key')}`,
      '--service-account-issuer=https://kubernetes.default.svc.cluster.local',
      `--service-account-key-file=${path('sa.pub')}`,
      `--service-account-signing-key-file=${path('sa.key')}`,
    ]
  }

  #start(program: string, flags: readonly string[]): void {
    const log = openSync(this.#logOf(program), 'a')
    const child = spawn(findProgram(program)!, flags, { stdio: ['ignore', log, log] })
    closeSync(log)
    this.#children.push(child)
  }

  #logOf(program: string): string {
    return join(this.#directory, `${program}.log`)
  }

  #lastWords(): string {
    const programs = this.#children.length > 0 ? ['kube-apiserver'] : []
    const logs = programs.map((program) => readFileSync(this.#logOf(program), 'utf8').slice(-1500))
    return [...logs, this.store.lastWords()].join('\n')
  }

  #env(): Readonly<Record<string, string | undefined>> {
    return { ...process.env, KUBECONFIG: this.kubeconfig, HOME: this.#directory }
  }
}

/** Nodes that only are there: upstream's tests want some that are ready. */
function readyNode(name: string): object {
  const nowText = new Date().toISOString()
  const resources = { cpu: '32', memory: '64Gi', pods: '110' }
  const times = { lastHeartbeatTime: nowText, lastTransitionTime: nowText }
  return {
    apiVersion: 'v1',
    kind: 'Node',
    metadata: { name },
    status: {
      capacity: resources,
      allocatable: resources,
      conditions: [{ type: 'Ready', status: 'True', reason: 'Test', message: '', ...times }],
    },
  }
}

/** Certificates on every listener, and wanted of every client and peer. */
function tlsFlags(files: ControlPlaneFiles): string[] {
  return ['', 'peer-'].flatMap((listener) => [
    `--${listener}cert-file=${files.path('etcd.crt')}`,
    `--${listener}key-file=${files.path('etcd.key')}`,
    `--${listener}trusted-ca-file=${files.path('etcd-ca.crt')}`,
    `--${listener}client-cert-auth`,
  ])
}
