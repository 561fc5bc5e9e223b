import { readdirSync, readFileSync, renameSync, statSync, writeFileSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { parseLog } from './cri-log.ts'
import type { LogEntry, LogStream } from './cri-log.ts'

/** How far a container's raw output was written to its log, at some moment in the past. */
export interface LogCheckpoint {
  /** The log file then (it may have been renamed by rotation since) and its size. */
  readonly logInode: string
  readonly logBytes: number
  /** Bytes of raw output that the log held then. */
  readonly rawBytes: Readonly<Record<LogStream, number>>
}

export function readCheckpoint(path: string): LogCheckpoint | undefined {
  try {
    return JSON.parse(readFileSync(path, 'utf8')) as LogCheckpoint
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw error
  }
}

export function writeCheckpoint(path: string, checkpoint: LogCheckpoint): void {
  writeFileSync(`${path}.tmp`, JSON.stringify(checkpoint))
  renameSync(`${path}.tmp`, path)
}

/**
 * Where to go on after a crash: the checkpoint plus what the log got after it. Every line tells how many raw bytes
 * it stands for, so no byte is lost and none is written twice. Only `\r\n` is ambiguous, and the raw output itself
 * decides there.
 */
export function advanceOffsets(
  checkpoint: LogCheckpoint,
  entriesSince: readonly LogEntry[],
  byteAt: (stream: LogStream, offset: number) => number | undefined,
): Record<LogStream, number> {
  const offsets = { ...checkpoint.rawBytes }
  for (const { stream, full, text } of entriesSince) {
    offsets[stream] += text.length
    if (!full) continue
    if (byteAt(stream, offsets[stream]) === 0x0d) offsets[stream] += 1
    offsets[stream] += 1
  }
  return offsets
}

/** What the log got since the checkpoint, and how much of its end is a line that the crash tore. */
export function readLogSince(
  logPath: string,
  checkpoint: LogCheckpoint,
): { entries: LogEntry[]; tornBytes: number; path: string } | undefined {
  const path = findByInode(logPath, checkpoint.logInode)
  if (path === undefined) return undefined
  return { ...parseLog(readFileSync(path).subarray(checkpoint.logBytes)), path }
}

/** The kubelet rotates by renaming `0.log` to `0.log.TIME` and asking for the log to be reopened. */
function findByInode(logPath: string, inode: string): string | undefined {
  if (inodeOf(logPath) === inode) return logPath
  try {
    return readdirSync(dirname(logPath))
      .filter((name) => name.startsWith(`${basename(logPath)}.`))
      .map((name) => join(dirname(logPath), name))
      .find((path) => inodeOf(path) === inode)
  } catch {
    return undefined // the log directory is gone: the pod is being deleted
  }
}

export function inodeOf(path: string): string | undefined {
  return statSync(path, { throwIfNoEntry: false, bigint: true })?.ino.toString()
}
