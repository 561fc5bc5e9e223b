import { X509Certificate } from 'node:crypto'
import { mkdirSync, readFileSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

export interface StoredPair {
  readonly certificate: string
  readonly privateKey: string
  readonly notBeforeMs: number
  readonly notAfterMs: number
}

/**
 * Certificates with their keys as upstream's kubelet keeps them: dated files, and a link
 * `<name>-current.pem` to the one in use (client-go util/certificate FileStore).
 */
export class CertificateStore {
  readonly #dir: string
  readonly #name: string

  constructor(dir: string, name: string) {
    this.#dir = dir
    this.#name = name
  }

  get currentPath(): string {
    return join(this.#dir, `${this.#name}-current.pem`)
  }

  /** Undefined when there is none that can be read. */
  current(): StoredPair | undefined {
    let text: string
    try {
      text = readFileSync(this.currentPath, 'utf8')
    } catch {
      return undefined // None yet.
    }
    return splitPair(text)
  }

  update(certificate: string, privateKey: string, nowMs: number): void {
    mkdirSync(this.#dir, { recursive: true, mode: 0o700 })
    const stamp = new Date(nowMs).toISOString().slice(0, 19).replace('T', '-').replaceAll(':', '-')
    const file = `${this.#name}-${stamp}.pem`
    writeFileSync(join(this.#dir, file), `${certificate.trim()}\n${privateKey.trim()}\n`, {
      mode: 0o600,
    })
    const fresh = join(this.#dir, `${this.#name}-updated.pem`)
    rmSync(fresh, { force: true })
    symlinkSync(file, fresh)
    renameSync(fresh, this.currentPath)
  }
}

const certificateBlock = /-----BEGIN CERTIFICATE-----[\s\S]*?-----END CERTIFICATE-----/g
const keyBlock = /-----BEGIN [A-Z ]*PRIVATE KEY-----[\s\S]*?-----END [A-Z ]*PRIVATE KEY-----/

/** Takes one PEM file with a chain and its key apart. */
export function splitPair(text: string): StoredPair | undefined {
  const certificates = text.match(certificateBlock)
  const key = keyBlock.exec(text)?.[0]
  if (!certificates || !key) return undefined
  try {
    const { validFrom, validTo } = new X509Certificate(certificates[0])
    return {
      certificate: `${certificates.join('\n')}\n`,
      privateKey: `${key}\n`,
      notBeforeMs: Date.parse(validFrom),
      notAfterMs: Date.parse(validTo),
    }
  } catch {
    return undefined // A broken file counts as none: a new certificate is asked for.
  }
}
