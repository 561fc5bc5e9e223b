import { mkdirSync, readFileSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { CniResult } from './result.ts'

/** What must be known of an attachment to undo it: also after a restart, and under another configuration. */
export interface AttachmentRecord {
  readonly containerId: string
  /** The network list's text, of the time of ADD. */
  readonly source: string
  readonly interfaceName: string
  readonly networkName: string
  readonly args: string
  readonly capabilityArgs: Readonly<Record<string, unknown>>
  /** Absent while ADD runs. */
  readonly result?: CniResult
}

/** The form of libcni's cache (kind cniCacheV1), so that people and tools find in it what they expect. */
interface CachedAttachment {
  readonly kind: 'cniCacheV1'
  readonly containerId: string
  /** Base64. */
  readonly config: string
  readonly ifName: string
  readonly networkName: string
  readonly cniArgs: readonly (readonly [string, string])[]
  readonly capabilityArgs: Readonly<Record<string, unknown>>
  readonly result?: CniResult
}

/** Attachments of programs' plugins as files, `<network>-<container>-<interface>` in /var/lib/cni/results. */
export class AttachmentRecords {
  readonly #dir: string
  readonly #records = new Map<string, AttachmentRecord>()

  constructor(dir: string) {
    this.#dir = dir
    for (const name of listFiles(dir).filter((each) => !each.startsWith('.'))) {
      const record = readRecord(join(dir, name))
      this.#records.set(record.containerId, record)
    }
  }

  find(containerId: string): AttachmentRecord | undefined {
    return this.#records.get(containerId)
  }

  containerIds(): string[] {
    return [...this.#records.keys()]
  }

  save(record: AttachmentRecord): void {
    mkdirSync(this.#dir, { recursive: true, mode: 0o700 })
    const cached: CachedAttachment = {
      kind: 'cniCacheV1',
      containerId: record.containerId,
      config: Buffer.from(record.source).toString('base64'),
      ifName: record.interfaceName,
      networkName: record.networkName,
      cniArgs: record.args.split(';').map((pair) => splitPair(pair)),
      capabilityArgs: record.capabilityArgs,
      ...(record.result && { result: record.result }),
    }
    const draft = join(this.#dir, '.draft')
    writeFileSync(draft, JSON.stringify(cached), { mode: 0o600 })
    renameSync(draft, this.#file(record))
    this.#records.set(record.containerId, record)
  }

  remove(record: AttachmentRecord): void {
    rmSync(this.#file(record), { force: true })
    this.#records.delete(record.containerId)
  }

  #file({ networkName, containerId, interfaceName }: AttachmentRecord): string {
    return join(this.#dir, `${networkName}-${containerId}-${interfaceName}`)
  }
}

function splitPair(pair: string): [string, string] {
  const at = pair.indexOf('=')
  return [pair.slice(0, at), pair.slice(at + 1)]
}

function listFiles(dir: string): string[] {
  try {
    return readdirSync(dir)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return []
    throw error
  }
}

function readRecord(path: string): AttachmentRecord {
  const cached = JSON.parse(readFileSync(path, 'utf8')) as CachedAttachment
  return {
    containerId: cached.containerId,
    source: Buffer.from(cached.config, 'base64').toString(),
    interfaceName: cached.ifName,
    networkName: cached.networkName,
    args: cached.cniArgs.map((pair) => pair.join('=')).join(';'),
    capabilityArgs: cached.capabilityArgs,
    ...(cached.result && { result: cached.result }),
  }
}
