import { runDaemon } from '@kemu/base'
import { kinds } from '@kemu/api/kinds'
import { readConfig } from './config.ts'
import { apiserverFlags } from './flags.ts'
import { startServer } from './server.ts'

void runDaemon(
  {
    name: 'kube-apiserver',
    summary: "The cluster's API server: REST and gRPC over one list of stages, objects in etcd.",
    flags: apiserverFlags,
    start: async ({ flags, logger, closers }) => {
      await startServer({ config: readConfig(flags), kinds, logger, closers })
    },
  },
  process.argv.slice(2),
)
