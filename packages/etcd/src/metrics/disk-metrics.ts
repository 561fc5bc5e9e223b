import type { Clock, Histogram, MetricsRegistry } from '@kemu/base'
import type { Disk } from '../wal/disk.ts'

/** etcd: 1 ms to 8 s, each twice the one before. */
const bounds = Array.from({ length: 14 }, (_, i) => 2 ** i / 1000)

/**
 * A disk that tells how long the log's writes take. They are on disk when they are done (O_DSYNC), so writing and
 * syncing is one thing here.
 */
export function measuredDisk(disk: Disk, clock: Clock, registry: MetricsRegistry): Disk {
  const seconds: Histogram = registry.histogram(
    'etcd_disk_wal_fsync_duration_seconds',
    'The latency distributions of fsync called by WAL.',
    bounds,
  )
  let writtenBytes = 0
  registry.gaugeFrom(
    'etcd_disk_wal_write_bytes_total',
    'Total number of bytes written in WAL.',
    () => writtenBytes,
  )
  const note = (sinceMs: number, bytes: number): void => {
    seconds.observe((clock.monotonicMs() - sinceMs) / 1000)
    writtenBytes += bytes
  }
  return {
    ...disk,
    write(fd, bytes, position, done) {
      const sinceMs = clock.monotonicMs()
      disk.write(fd, bytes, position, (error) => {
        note(sinceMs, bytes.length)
        done(error)
      })
    },
    writeNow(fd, bytes, position) {
      const sinceMs = clock.monotonicMs()
      disk.writeNow(fd, bytes, position)
      note(sinceMs, bytes.length)
    },
  }
}
