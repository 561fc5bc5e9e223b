import { createHash } from 'node:crypto'
import { existsSync, readFileSync } from 'node:fs'
import { confStateOf } from '@kemu/raft'
import type { Clock } from '@kemu/base'
import { clusterIdOf, nodeIdOf } from '../cluster/member-id.ts'
import { findOwn, foundingMembers, stateFor, walConfigOf } from '../bootstrap.ts'
import type { EtcdConfig } from '../config.ts'
import { hashOf } from '../mvcc/hash.ts'
import { SnapshotDir } from '../snapshot/snapshot-dir.ts'
import { restoreSnapshot } from '../snapshot/snapshot-reader.ts'
import { beginSnapshot } from '../snapshot/snapshot-writer.ts'
import type { StateMachine } from '../state/state-machine.ts'
import { systemDisk } from '../wal/disk.ts'
import { DataDirError } from '../wal/errors.ts'
import { Wal } from '../wal/wal.ts'

const digestBytes = 32
/** Nobody serves from this state. */
const idle = { electionMs: 1, hasLeaseCheckpoints: false }

export interface SavedStatus {
  readonly hash: number
  readonly revision: number
  readonly totalKey: number
  readonly totalSize: number
}

/** A file of `etcdctl snapshot save`, checked against the digest at its end. Throws when it was cut or changed. */
export function readSaved(file: string, skipHashCheck: boolean): Buffer {
  if (!existsSync(file)) throw new DataDirError(`snapshot file ${file} does not exist`)
  const bytes = readFileSync(file)
  const body = bytes.subarray(0, bytes.length - digestBytes)
  const digest = createHash('sha256').update(body).digest()
  const isIntact = digest.equals(bytes.subarray(bytes.length - digestBytes))
  if (isIntact) return body
  if (skipHashCheck) return bytes
  throw new DataDirError(
    `snapshot file ${file} does not fit its SHA-256: it was cut short or changed. ` +
      `A file that was copied from a data directory has none: --skip-hash-check.`,
  )
}

export function statusOf(file: string, clock: Clock): SavedStatus {
  const body = readSaved(file, false)
  const state = stateFor(clock, idle)
  restoreSnapshot(state, body, file)
  const { store } = state
  const { hash } = hashOf(store, 0)
  return { hash, revision: store.revision, totalKey: store.keyCount, totalSize: body.length }
}

/**
 * Founds a member of a new cluster whose first state is a saved one. Each member of the new cluster is founded from the
 * same file with the same --initial-cluster; the old cluster's members and alarms stay behind.
 */
export async function restore(
  config: EtcdConfig,
  file: string,
  skipHashCheck: boolean,
  clock: Clock,
): Promise<void> {
  if (existsSync(config.dataDir)) {
    throw new DataDirError(`data-dir "${config.dataDir}" not empty or could not be read`)
  }
  const state = stateFor(clock, idle)
  restoreSnapshot(state, readSaved(file, skipHashCheck), file)
  await writeFirstState(config, state, clock)
}

async function writeFirstState(
  config: EtcdConfig,
  state: StateMachine,
  clock: Clock,
): Promise<void> {
  const members = foundingMembers(config)
  const own = findOwn(config, members)
  const clusterId = clusterIdOf(members.map(({ ID }) => ID))
  state.membership.restore(members, [])
  state.alarms.restore([])
  const voters = members.map(({ ID }) => nodeIdOf(ID)).sort()
  const point = { index: 1, term: 1, confState: confStateOf(voters) }
  const snapshots = new SnapshotDir({
    directory: config.snapshotDir,
    keepMax: config.snapshotsMax,
    disk: systemDisk,
  })
  await snapshots.write(point, beginSnapshot(state, { clusterId, point }))
  const wal = Wal.create(walConfigOf(config, clock, systemDisk), {
    clusterId,
    memberId: own.ID,
    members,
  })
  await saved(wal, point)
  wal.close()
}

export function saved(
  wal: Wal,
  snapshot: NonNullable<Parameters<Wal['save']>[0][number]['snapshot']>,
): Promise<void> {
  return new Promise((resolve, reject) =>
    wal.save([{ snapshot }], false, (error) => (error ? reject(error) : resolve())),
  )
}
