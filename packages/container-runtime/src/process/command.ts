import { spawn } from 'node:child_process'

export interface CommandResult {
  readonly code: number
  readonly stdout: string
  readonly stderr: string
}

/** Runs a short command to its end with an input; never throws for an exit code. */
export function tryCommand(
  command: string,
  args: readonly string[],
  input?: string,
): Promise<CommandResult> {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, {
      stdio: [input === undefined ? 'ignore' : 'pipe', 'pipe', 'pipe'],
    })
    let stdout = ''
    let stderr = ''
    child.stdout!.on('data', (chunk: Buffer) => (stdout += chunk.toString()))
    child.stderr!.on('data', (chunk: Buffer) => (stderr += chunk.toString()))
    child.on('error', reject)
    child.on('close', (code, signal) =>
      resolve({
        code: code ?? 128,
        stdout,
        stderr: stderr + (signal ? `killed by ${signal}` : ''),
      }),
    )
    if (input !== undefined) {
      child.stdin!.on('error', () => undefined) // it ended without reading; the exit code tells
      child.stdin!.end(input)
    }
  })
}

/** The same, but a failure is an error that shows what the command said. */
export async function runCommand(
  command: string,
  args: readonly string[],
  input?: string,
): Promise<string> {
  const { code, stdout, stderr } = await tryCommand(command, args, input)
  if (code !== 0)
    throw new Error(
      `${command} ${args[0] ?? ''} failed (${code}): ${stderr.trim() || 'no message'}`,
    )
  return stdout
}
