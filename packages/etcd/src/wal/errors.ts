/** The data directory cannot be used as it is; the message names file, place and the way back. */
export class DataDirError extends Error {
  override name = 'DataDirError'
}

export function corruptWal(file: string, offset: number): DataDirError {
  return new DataDirError(
    `write-ahead log ${file} is corrupt at offset ${offset}: a record does not fit its checksum, and more follows it. ` +
      `Nothing was changed. Remove this member from the cluster and add it again with an empty data directory, ` +
      `or restore the cluster from a snapshot (kemu etcd restore).`,
  )
}

export function corruptSnapshot(file: string, offset: number): DataDirError {
  return new DataDirError(
    `snapshot ${file} is corrupt at offset ${offset}. Use another snapshot, or remove this member from the cluster ` +
      `and add it again with an empty data directory.`,
  )
}

export function foreignFormat(file: string, format: number): DataDirError {
  return new DataDirError(
    `${file} has format ${format}, which this version of kemu does not read. ` +
      `Start the version that wrote it, or move the data directory away to begin anew.`,
  )
}
