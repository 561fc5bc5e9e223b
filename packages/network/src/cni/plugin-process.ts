import { spawn } from 'node:child_process'
import { statSync } from 'node:fs'
import { join } from 'node:path'

/** A plugin's own report of failure (CNI specification 1.0, section 5, "Error"). */
export class CniError extends Error {
  override name = 'CniError'
  /** 0: the plugin named none. */
  readonly code: number

  constructor(message: string, code = 0) {
    super(message)
    this.code = code
  }
}

export interface PluginCall {
  readonly command: 'ADD' | 'DEL' | 'CHECK'
  readonly containerId: string
  /** Path of the pod's network namespace; empty when it is gone. */
  readonly namespacePath: string
  readonly interfaceName: string
  /** CNI_ARGS, `KEY=value` joined by semicolons. */
  readonly args: string
}

/** Runs one plugin: its configuration goes to its input, what it answers comes back. Rejects with CniError. */
export type RunPlugin = (type: string, call: PluginCall, configuration: string) => Promise<string>

/** Plugins that are programs in these directories, found by their type, as libcni does. */
export function pluginPrograms(directories: readonly string[]): RunPlugin {
  return async (type, call, configuration) => {
    const program = findPlugin(type, directories)
    const environment = {
      ...process.env,
      CNI_COMMAND: call.command,
      CNI_CONTAINERID: call.containerId,
      CNI_NETNS: call.namespacePath,
      CNI_IFNAME: call.interfaceName,
      CNI_ARGS: call.args,
      CNI_PATH: directories.join(':'),
    }
    return runProgram(program, environment, configuration)
  }
}

function findPlugin(type: string, directories: readonly string[]): string {
  if (type.includes('/')) throw new CniError(`invalid plugin name: ${type}`)
  const found = directories
    .map((directory) => join(directory, type))
    .find((file) => statSync(file, { throwIfNoEntry: false })?.isFile())
  if (found !== undefined) return found
  throw new CniError(
    `failed to find plugin ${JSON.stringify(type)} in path [${directories.join(' ')}]`,
  )
}

function runProgram(
  program: string,
  environment: NodeJS.ProcessEnv,
  input: string,
): Promise<string> {
  return new Promise((resolve, reject) => {
    const child = spawn(program, [], { stdio: ['pipe', 'pipe', 'pipe'], env: environment })
    let stdout = ''
    let stderr = ''
    child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text))
    child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text))
    child.stdin.on('error', () => undefined) // it ended without reading; the exit code tells
    child.stdin.end(input)
    child.on('error', (error) => reject(new CniError(error.message)))
    child.on('close', (code, signal) => {
      if (code === 0) resolve(stdout)
      else reject(failure(stdout, stderr, signal ?? `exit status ${code}`))
    })
  })
}

interface ErrorReport {
  readonly code?: number
  readonly msg?: string
  readonly details?: string
}

/** libcni's pluginErr: the plugin's own words, where it left some. */
function failure(stdout: string, stderr: string, end: string): CniError {
  if (stdout === '' && stderr === '')
    return new CniError(`netplugin failed with no error message: ${end}`)
  if (stdout === '') return new CniError(`netplugin failed: ${JSON.stringify(stderr)}`)
  try {
    const { msg, details, code } = JSON.parse(stdout) as ErrorReport
    return new CniError(details ? `${msg}; ${details}` : (msg ?? ''), code)
  } catch (error) {
    return new CniError(
      `netplugin failed but error parsing its diagnostic message ${JSON.stringify(stdout)}: ` +
        (error as Error).message,
    )
  }
}
