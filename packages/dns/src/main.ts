import { containerPath, MetricsRegistry, registerProcessMetrics, runDaemon } from '@kemu/base'
import { systemClock, systemRandom } from '@kemu/base'
import { connectApi } from './api-access.ts'
import { findPlacement } from './placement.ts'
import { DnsServer } from './server.ts'

/** The version that this work-alike follows. */
const coreDnsVersion = '1.14.2'

void runDaemon(
  {
    name: 'coredns',
    summary: "The cluster's DNS: answers for services and pods out of the API server.",
    flags: {
      conf: { type: 'string', default: 'Corefile', help: 'the Corefile to load' },
      'dns.port': { type: 'int', default: 53, help: 'port of server blocks that name none' },
      version: { type: 'boolean', help: 'print the version and end' },
    },
    async start({ flags, logger, closers }) {
      if (flags.version) {
        process.stdout.write(`CoreDNS-${coreDnsVersion} (kemu)\n`)
        return
      }
      const { env } = process
      const metrics = new MetricsRegistry()
      registerProcessMetrics(metrics)
      const place = await findPlacement(env)
      const server = new DnsServer(
        { corefile: containerPath(flags.conf), defaultPort: flags['dns.port'], env },
        {
          clock: systemClock,
          random: systemRandom,
          logger,
          metrics,
          place,
          connect: (access) => connectApi(access, env, place),
          fatal: (message) => {
            logger.error(message)
            process.exit(1)
          },
        },
      )
      closers.add(server)
      await server.start()
      logger.info('Serving', { corefile: flags.conf, host: place.host })
    },
  },
  process.argv.slice(2),
)
