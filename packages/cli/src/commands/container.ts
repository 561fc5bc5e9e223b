import { systemClock } from '@kemu/base'
import { CliError } from '../cli-error.ts'
import { readRole } from '../container/container-role.ts'
import { finishHost } from '../container/finish-host.ts'
import { ownAddress } from '../container/own-address.ts'
import { prepareHost } from '../container/prepare-host.ts'
import { print } from '../output/print.ts'
import { Progress } from '../output/progress.ts'

/** `kemu container prepare|finish`: kubeadm's phases of a host that is a container (packages/host/init/container.sh). */
export async function container(phase: string): Promise<void> {
  const role = readRole(process.env)
  const own = ownAddress(process.env)
  const progress = new Progress(systemClock, print)
  switch (phase) {
    case 'prepare':
      return prepareHost(role, own, progress)
    case 'finish':
      if (role.kind === 'control-plane') await finishHost(role, own, progress)
      return
    default:
      throw new CliError(`there is no phase "${phase}" of a container`, 'usage')
  }
}
