import { runDaemon } from '@kemu/base'
import { controllerManagerFlags } from './flags.ts'
import { startControllerManager } from './server.ts'

void runDaemon(
  {
    name: 'kube-controller-manager',
    summary: 'Runs the controllers that make the cluster match what its objects say.',
    flags: controllerManagerFlags,
    start: ({ flags, logger, closers }) => startControllerManager(flags, logger, closers),
  },
  process.argv.slice(2),
)
