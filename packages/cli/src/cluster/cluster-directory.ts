import { spawnSync } from 'node:child_process'
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmdirSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { homedir } from 'node:os'
import { join } from 'node:path'
import { identify, isAlive } from '@kemu/host'
import type { ProcessIdentity } from '@kemu/host'
import { hasSubordinateIds, userNamespaceFlags } from '@kemu/network'
import { CliError } from '../cli-error.ts'
import { recordVersion } from './cluster-record.ts'
import type { ClusterRecord } from './cluster-record.ts'
import { typed } from '../output/typed.ts'

/** ~/.local/state/kemu, by the XDG rules; KEMU_STATE_DIR stands before them. */
function stateDirectory(env: NodeJS.ProcessEnv = process.env): string {
  const base = env['XDG_STATE_HOME'] || join(env['HOME'] ?? homedir(), '.local/state')
  return env['KEMU_STATE_DIR'] || join(base, 'kemu')
}

/** Names of the clusters on this machine that belong to this user. */
export function clusterNames(env: NodeJS.ProcessEnv = process.env): string[] {
  const dir = stateDirectory(env)
  if (!existsSync(dir)) return []
  return readdirSync(dir).filter((name) => existsSync(join(dir, name, 'cluster.json')))
}

/** Everything that a cluster keeps on the machine lies below this directory. */
export class ClusterDirectory {
  readonly name: string
  readonly path: string

  constructor(name: string, env: NodeJS.ProcessEnv = process.env) {
    if (!/^[a-z0-9]([-a-z0-9]{0,30}[a-z0-9])?$/.test(name)) {
      throw new CliError(
        `"${name}" cannot be a cluster's name: use at most 32 lower-case letters, digits and dashes`,
        'usage',
      )
    }
    this.name = name
    this.path = join(stateDirectory(env), name)
  }

  get kubeconfig(): string {
    return join(this.path, 'kubeconfig')
  }

  get fabric(): string {
    return join(this.path, 'fabric')
  }

  host(name: string): string {
    return join(this.path, 'hosts', name)
  }

  exists(): boolean {
    return existsSync(this.#recordFile)
  }

  /** The record, or what to do where there is none or another kemu wrote it. */
  read(): ClusterRecord {
    if (!this.exists()) {
      throw new CliError(
        `there is no cluster "${this.name}"; create it with: ${typed('up', this.name)}`,
      )
    }
    const record = JSON.parse(readFileSync(this.#recordFile, 'utf8')) as ClusterRecord
    if (record.version !== recordVersion) {
      throw new CliError(
        `cluster "${this.name}" was made by another version of kemu (data version ` +
          `${record.version}, this one reads ${recordVersion}); ` +
          `remove it with: ${typed('delete', this.name)}`,
      )
    }
    return record
  }

  write(record: ClusterRecord): void {
    const temporary = `${this.#recordFile}.${process.pid}`
    writeFileSync(temporary, `${JSON.stringify(record, null, 2)}\n`, { mode: 0o600 })
    renameSync(temporary, this.#recordFile)
  }

  create(): void {
    try {
      mkdirSync(this.path, { recursive: true, mode: 0o700 })
    } catch (error) {
      const { code, path } = error as NodeJS.ErrnoException
      throw new CliError(
        `cannot write to ${path ?? this.path} (${code}); make it writable, ` +
          'or choose another place with KEMU_STATE_DIR',
      )
    }
  }

  /** Files of pods may belong to users that only a namespace of this user holds: root of such a one removes them. */
  remove(): void {
    const words = [...userNamespaceFlags('user-namespace'), 'rm', '-rf', this.path]
    if (process.getuid?.() !== 0 && hasSubordinateIds()) spawnSync('unshare', words)
    rmSync(this.path, { recursive: true, force: true, maxRetries: 3 })
  }

  /** One kemu at a time changes a cluster. Gives the way to let go. */
  lock(): () => void {
    this.create()
    const file = join(this.path, 'lock')
    const own = JSON.stringify(identify(process.pid))
    try {
      writeFileSync(file, own, { flag: 'wx' })
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') {
        throw new CliError(
          `cannot write to ${this.path} (${(error as NodeJS.ErrnoException).code}); make it ` +
            'writable, or choose another place with KEMU_STATE_DIR',
        )
      }
      const holder = readIdentity(file)
      if (holder && isAlive(holder)) {
        throw new CliError(
          `another kemu (pid ${holder.pid}) works on cluster "${this.name}"; wait until it is done`,
        )
      }
      writeFileSync(file, own)
    }
    return () => {
      rmSync(file, { force: true })
      // Nothing came of it, for the words were wrong.
      if (existsSync(this.path) && readdirSync(this.path).length === 0) rmdirSync(this.path)
    }
  }

  get #recordFile(): string {
    return join(this.path, 'cluster.json')
  }
}

function readIdentity(file: string): ProcessIdentity | undefined {
  try {
    return JSON.parse(readFileSync(file, 'utf8')) as ProcessIdentity
  } catch {
    return undefined
  }
}
