import { runDaemon } from '@kemu/base'
import { containerRuntimeFlags, optionsFromFlags } from './flags.ts'
import { startContainerRuntime } from './server.ts'

void runDaemon(
  {
    name: 'container-runtime',
    summary: 'A CRI v1 runtime whose containers are processes of this machine.',
    flags: containerRuntimeFlags,
    start: async ({ flags, logger, closers }) => {
      closers.add(await startContainerRuntime(optionsFromFlags(flags), logger))
    },
  },
  process.argv.slice(2),
)
