import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { containerPath, FlagError, runDaemon, systemClock, systemRandom } from '@kemu/base'
import { inClusterAccess } from './in-cluster-access.ts'
import { parseNetConf } from './net-conf.ts'
import { startPodNetwork } from './server.ts'

void runDaemon(
  {
    name: 'pod-network',
    summary: "Lays the routes to other nodes' pods, and configures the node's pod network.",
    flags: {
      'node-name': { type: 'string', default: '', env: 'NODE_NAME', help: "this node's name" },
      config: {
        type: 'string',
        default: '/etc/pod-network',
        help: 'directory with net-conf.json and cni-conf.json',
      },
      'cni-conf-dir': {
        type: 'string',
        default: '/etc/cni/net.d',
        help: 'directory where the container runtime looks for its network',
      },
    },
    async start({ flags, logger, closers }) {
      const nodeName = flags['node-name']
      if (nodeName === '') throw new FlagError('--node-name (or NODE_NAME) is required')
      const directory = containerPath(flags.config)
      const read = (name: string): string => readFileSync(join(directory, name), 'utf8')
      startPodNetwork(
        {
          nodeName,
          access: inClusterAccess(process.env),
          conf: parseNetConf(read('net-conf.json')),
          cniTemplate: read('cni-conf.json'),
          cniConfDir: containerPath(flags['cni-conf-dir']),
        },
        { clock: systemClock, random: systemRandom, logger, closers },
      )
    },
  },
  process.argv.slice(2),
)
