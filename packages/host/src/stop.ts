import { rmSync } from 'node:fs'
import { sleep } from '@kemu/base'
import type { Clock } from '@kemu/base'
import { HostControl } from './control-client.ts'
import { shortRunDir } from './host-paths.ts'
import { hostProcess } from './launch.ts'
import { descendants, isAlive } from './process-table.ts'
import type { ProcessIdentity } from './process-table.ts'

/**
 * Shuts a host down and waits until its processes are gone. A supervisor that does not answer, or takes longer than
 * twice
 * the grace time, is killed; its processes go with it.
 */
export async function stopHost(
  hostDir: string,
  graceMs: number,
  deps: { clock: Clock },
): Promise<void> {
  const host = hostProcess(hostDir)
  if (host) {
    const control = new HostControl(hostDir)
    const asked = await control.shutdown(graceMs).then(
      () => true,
      () => false,
    )
    control.close()
    if (!(asked && (await gone(host, 2 * graceMs + 2000, deps.clock)))) await kill(host, deps.clock)
  }
  rmSync(shortRunDir(hostDir, process.getuid?.() ?? 0), { force: true })
}

async function gone(host: ProcessIdentity, waitMs: number, clock: Clock): Promise<boolean> {
  const endMs = clock.monotonicMs() + waitMs
  while (isAlive(host)) {
    if (clock.monotonicMs() > endMs) return false
    await sleep(clock, 10)
  }
  return true
}

async function kill(host: ProcessIdentity, clock: Clock): Promise<void> {
  for (const pid of descendants(host.pid)) {
    try {
      process.kill(pid, 'SIGKILL')
    } catch {
      // Gone already.
    }
  }
  await gone(host, 5000, clock)
}
