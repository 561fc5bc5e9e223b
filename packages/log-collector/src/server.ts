import type { Clock, Closers, Logger, Random } from '@kemu/base'
import type { LogStore } from '@kemu/log-store'
import { LogTree } from './log-tree.ts'
import { Shipper } from './shipper.ts'

export interface CollectorOptions {
  /** The node's name, which stands in every line. */
  readonly host: string
  /** The host's /var/log. */
  readonly logDir: string
}

export interface CollectorDeps {
  readonly store: LogStore
  readonly clock: Clock
  readonly random: Random
  readonly logger: Logger
  readonly closers: Closers
}

/** Folders are watched; this finds what a watch missed, or what this machine lets nobody watch. */
const scanPeriodMs = 10_000

/** Builds the parts by hand; resolves never, and rejects for what nobody expected. */
export function startCollector(
  { host, logDir }: CollectorOptions,
  { store, clock, random, logger, closers }: CollectorDeps,
): Promise<void> {
  const tree = closers.add(
    new LogTree(logDir, host, { logger, onChange: (file) => shipper.offer(file) }),
  )
  const shipper = new Shipper(host, tree, { store, clock, random, logger })
  const timer = clock.setPeriodic(scanPeriodMs, () => tree.scan())
  tree.scan()
  const shipping = shipper.run()
  closers.defer(() => {
    timer.cancel()
    shipper.close()
    return shipping
  })
  return shipping
}
