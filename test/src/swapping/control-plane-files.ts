import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import {
  CertificateAuthority,
  certificateLifetimeMs,
  formatKubeconfig,
  generateKeys,
} from '@kemu/pki'
import type { ExtendedUsage } from '@kemu/pki'

interface Subject {
  readonly commonName: string
  readonly organizations?: readonly string[]
}

/** Certificates, keys and kubeconfigs of one control plane on 127.0.0.1, as kubeadm names them. */
export class ControlPlaneFiles {
  readonly #directory: string

  private constructor(directory: string) {
    this.#directory = directory
  }

  static async create(directory: string, server: string): Promise<ControlPlaneFiles> {
    const files = new ControlPlaneFiles(directory)
    mkdirSync(directory, { recursive: true })
    const nowMs = Date.now()
    const ca = await CertificateAuthority.create('kubernetes', nowMs)
    const etcdCa = await CertificateAuthority.create('etcd-ca', nowMs)
    files.#write('ca.crt', ca.certificate)
    files.#write('etcd-ca.crt', etcdCa.certificate)
    const tokens = await generateKeys()
    files.#write('sa.pub', tokens.publicKey)
    files.#write('sa.key', tokens.privateKey)
    await files.#issue(ca, 'apiserver', { commonName: 'kube-apiserver' }, ['server auth'])
    await files.#issue(etcdCa, 'etcd', { commonName: 'etcd' }, ['server auth', 'client auth'])
    const etcdClient = { commonName: 'kube-apiserver-etcd-client' }
    await files.#issue(etcdCa, 'apiserver-etcd-client', etcdClient, ['client auth'])
    const users: Record<string, Subject> = {
      admin: { commonName: 'kubernetes-super-admin', organizations: ['system:masters'] },
      'controller-manager': { commonName: 'system:kube-controller-manager' },
      scheduler: { commonName: 'system:kube-scheduler' },
    }
    for (const [name, subject] of Object.entries(users)) {
      const { certificate, privateKey } = await ca.issue(template(subject, ['client auth']))
      const contents = {
        clusterName: 'kubernetes',
        server,
        ca: ca.certificate,
        userName: subject.commonName,
        credential: { form: 'certificate', certificate, privateKey } as const,
      }
      files.#write(`${name}.conf`, formatKubeconfig(contents))
    }
    return files
  }

  path(name: string): string {
    return join(this.#directory, name)
  }

  async #issue(
    authority: CertificateAuthority,
    file: string,
    subject: Subject,
    usages: readonly ExtendedUsage[],
  ): Promise<void> {
    const { certificate, privateKey } = await authority.issue(template(subject, usages))
    this.#write(`${file}.crt`, certificate)
    this.#write(`${file}.key`, privateKey)
  }

  #write(name: string, text: string): void {
    writeFileSync(this.path(name), text, { mode: 0o600 })
  }
}

function template({ commonName, organizations = [] }: Subject, usages: readonly ExtendedUsage[]) {
  const nowMs = Date.now()
  return {
    commonName,
    organizations,
    usages,
    dnsNames: ['localhost'],
    ipAddresses: ['127.0.0.1', '10.96.0.1'],
    notBeforeMs: nowMs - 60_000,
    notAfterMs: nowMs + certificateLifetimeMs,
  }
}
