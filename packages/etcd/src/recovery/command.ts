import { describeFlags, FlagError, parseFlags, systemClock } from '@kemu/base'
import type { FlagSpecs } from '@kemu/base'
import { parseConfig } from '../config.ts'
import { etcdFlags } from '../flags.ts'
import { DataDirError } from '../wal/errors.ts'
import { restore, statusOf } from './restore.ts'

const ownFlags = {
  'skip-hash-check': { type: 'boolean', help: 'Take a file without a digest at its end.' },
  'write-out': { type: 'string', default: 'simple', help: 'simple or json' },
} as const satisfies FlagSpecs

const usage = `Usage:
  kemu etcd restore FILE --data-dir DIR [--name NAME --initial-cluster ... --initial-advertise-peer-urls ...]
  kemu etcd status FILE [--write-out json]
`

/** `kemu etcd restore` and `kemu etcd status`. Exit codes: 0 done, 1 failed, 2 wrong words. */
export async function runRecovery(
  word: 'restore' | 'status',
  args: readonly string[],
): Promise<void> {
  try {
    const [file, ...rest] = args
    if (file === undefined || file.startsWith('-'))
      throw new FlagError('the snapshot file is missing')
    const flags = parseFlags({ ...etcdFlags, ...ownFlags }, rest)
    if (word === 'restore') {
      await restore(parseConfig(flags), file, flags['skip-hash-check'], systemClock)
    } else printStatus(file, flags['write-out'])
  } catch (error) {
    const isUsage = error instanceof FlagError
    if (!isUsage && !(error instanceof DataDirError)) throw error
    process.stderr.write(`Error: ${error.message}\n`)
    if (isUsage) process.stderr.write(`${usage}\nFlags:\n${describeFlags(ownFlags)}\n`)
    process.exitCode = isUsage ? 2 : 1
  }
}

function printStatus(file: string, format: string): void {
  const status = statusOf(file, systemClock)
  const { hash, revision, totalKey, totalSize } = status
  const simple = `${hash.toString(16)}, ${revision}, ${totalKey}, ${totalSize} B`
  process.stdout.write(`${format === 'json' ? JSON.stringify(status) : simple}\n`)
}
