import { spawn } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { accessSync, constants, mkdirSync } from 'node:fs'
import { delimiter, join } from 'node:path'

/** The machine's redis-server; undefined where there is none. */
export const redisServer = (process.env['PATH'] ?? '')
  .split(delimiter)
  .map((folder) => join(folder, 'redis-server'))
  .find((file) => {
    try {
      accessSync(file, constants.X_OK)
      return true
    } catch {
      return false
    }
  })

/** A Redis on a unix socket, with the persistence of the add-on's manifest. */
export interface RedisProcess {
  readonly socket: string
  /** kill -9; resolves when it is gone. */
  kill(): Promise<void>
}

/** Starts the machine's redis-server over the data of `dir`. */
export async function startRedis(dir: string): Promise<RedisProcess> {
  const socket = join(dir, 'redis.sock')
  mkdirSync(dir, { recursive: true })
  const options = {
    port: '0',
    unixsocket: socket,
    dir,
    appendonly: 'yes',
    appendfsync: 'always',
    save: '',
  }
  const words = Object.entries(options).flatMap(([name, value]) => [`--${name}`, value])
  const child = spawn(redisServer!, words, { stdio: ['ignore', 'pipe', 'inherit'] })
  await said(child, 'ready to accept connections at')
  return { socket, kill: () => killed(child) }
}

function said(child: ChildProcess, words: string): Promise<void> {
  let text = ''
  return new Promise((resolve, reject) => {
    child.once('error', reject)
    child.once('exit', () => reject(new Error(`redis-server ended: ${text}`)))
    child.stdout!.setEncoding('utf8').on('data', (more: string) => {
      text += more
      if (text.includes(words)) resolve()
    })
  })
}

function killed(child: ChildProcess): Promise<void> {
  return new Promise((resolve) => {
    if (child.exitCode !== null || child.signalCode !== null) return resolve()
    child.once('exit', () => resolve())
    child.kill('SIGKILL')
  })
}
