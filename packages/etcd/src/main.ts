import { runDaemon, systemClock, systemRandom } from '@kemu/base'
import { parseConfig } from './config.ts'
import { checkShadowed, unknownVariables } from './environment.ts'
import { etcdFlags } from './flags.ts'
import { startEtcd } from './server.ts'
import { serverVersion } from './version.ts'

const [word, ...rest] = process.argv.slice(2)
if (word === 'restore' || word === 'status') {
  void import('./recovery/command.ts').then(({ runRecovery }) => runRecovery(word, rest))
} else if (word === '--version') {
  process.stdout.write(`etcd Version: ${serverVersion}\nMade by: kemu\n`)
} else void runMember()

/** `kemu etcd FLAGS`: a member that serves. */
function runMember(): Promise<void> {
  return runDaemon(
    {
      name: 'etcd',
      summary: 'A replicated key-value store that speaks the etcd v3 API.',
      flags: etcdFlags,
      async start({ flags, logger, closers }) {
        checkShadowed(etcdFlags, process.argv.slice(2), process.env)
        for (const name of unknownVariables(etcdFlags, process.env)) {
          logger.warn('Unrecognized environment variable', { name })
        }
        const config = parseConfig(flags)
        const server = await startEtcd({ clock: systemClock, random: systemRandom, logger, config })
        closers.defer(() => server.close())
        void server.removed.then(async () => {
          logger.warn('This member was removed from the cluster; it stops for good')
          await closers.close()
          process.exit(0)
        })
      },
    },
    process.argv.slice(2),
  )
}
