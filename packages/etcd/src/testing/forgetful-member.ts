import { runDaemon, systemClock, systemRandom } from '@kemu/base'
import { parseConfig } from '../config.ts'
import { etcdFlags } from '../flags.ts'
import { startEtcd } from '../server.ts'
import { forgetfulDisk } from './forgetful-disk.ts'

/** A member as `kemu etcd` runs it, on a disk that forgets what was not synced when the process is killed. */
void runDaemon(
  {
    name: 'etcd',
    summary: 'A member on a disk that forgets.',
    flags: etcdFlags,
    async start({ flags, logger, closers }) {
      const server = await startEtcd({
        clock: systemClock,
        random: systemRandom,
        logger,
        config: parseConfig(flags),
        disk: forgetfulDisk(process.env['KEMU_TEST_LYING_DISK'] === 'yes'),
      })
      closers.defer(() => server.close())
    },
  },
  process.argv.slice(2),
)
