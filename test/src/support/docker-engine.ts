import { spawnSync } from 'node:child_process'
import { mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { root } from './programs.ts'
import { run } from './run.ts'

const script = join(root, '.ci/docker')
/** Debian packages are fetched, and a base image is made. */
const longestMs = 900_000
/** The script's word for a kernel or a container that forbids an engine. */
const forbidden = 3

/**
 * In CI: the machine's Docker engine or one of our own, which ends with this process. Undefined once it answers;
 * otherwise the sentence that says why this machine can have none. What else goes wrong is an error.
 */
export async function startEngine(): Promise<string | undefined> {
  const dir = process.env['KEMU_TEST_ENGINE'] ?? mkdtempSync(join(tmpdir(), 'kemu-engine-'))
  process.once('exit', () => spawnSync(script, ['stop', dir]))
  const { code, stdout, stderr } = await run(script, ['start', dir], { timeoutMs: longestMs })
  if (code === forbidden) return stderr.slice(stderr.indexOf('no Docker engine')).trim()
  if (code !== 0) throw new Error(`${script} ended with ${code}:\n${stderr}`)
  const host = /^DOCKER_HOST=(.*)$/m.exec(stdout)?.[1]
  if (host !== undefined) process.env['DOCKER_HOST'] = host
  return undefined
}
