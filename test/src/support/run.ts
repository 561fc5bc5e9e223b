import { spawn } from 'node:child_process'

/** How a command ended, and all it printed. */
export interface Outcome {
  readonly code: number
  readonly stdout: string
  readonly stderr: string
}

export interface RunOptions {
  readonly env?: Readonly<Record<string, string | undefined>>
  readonly input?: string
  /** A command that takes longer is killed, and its outcome says so. */
  readonly timeoutMs?: number
}

const longestMs = 480_000

/** Runs a command to its end; a code other than 0 is an outcome like any other. */
export function run(
  command: string,
  args: readonly string[],
  options: RunOptions = {},
): Promise<Outcome> {
  const child = spawn(command, args, { env: options.env ?? process.env, stdio: 'pipe' })
  let stdout = ''
  let stderr = ''
  child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text))
  child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text))
  child.stdin.on('error', () => {})
  child.stdin.end(options.input ?? '')
  const limitMs = options.timeoutMs ?? longestMs
  const timer = setTimeout(() => {
    stderr += `\nkilled: not done within ${limitMs} ms\n`
    child.kill('SIGKILL')
  }, limitMs)
  return new Promise((resolve, reject) => {
    child.once('error', reject)
    child.once('close', (code) => {
      clearTimeout(timer)
      resolve({ code: code ?? 137, stdout, stderr })
    })
  })
}

/** Runs a command that has to succeed; gives its stdout. */
export async function succeed(
  command: string,
  args: readonly string[],
  options: RunOptions = {},
): Promise<string> {
  const outcome = await run(command, args, options)
  if (outcome.code === 0) return outcome.stdout
  throw new Error(
    `${[command, ...args].join(' ')} ended with ${outcome.code}:\n${outcome.stdout}${outcome.stderr}`,
  )
}
