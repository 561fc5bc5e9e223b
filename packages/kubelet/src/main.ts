import { runDaemon } from '@kemu/base'
import { kubeletFlags } from './flags.ts'
import { startKubelet } from './server.ts'

void runDaemon(
  {
    name: 'kubelet',
    summary: 'The node agent: runs pods through a container runtime (CRI v1) and reports on them.',
    flags: kubeletFlags,
    start: async ({ flags, logger, closers }) => {
      closers.add(await startKubelet(flags, logger))
    },
  },
  process.argv.slice(2),
)
