import { runDaemon } from '@kemu/base'
import { schedulerFlags } from './flags.ts'
import { startScheduler } from './server.ts'

void runDaemon(
  {
    name: 'kube-scheduler',
    summary: 'Chooses a node for each pod and binds it there.',
    flags: schedulerFlags,
    start: ({ flags, logger, closers }) => startScheduler(flags, logger, closers),
  },
  process.argv.slice(2),
)
