import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { connect, createServer } from 'node:net'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import t from 'tap'
import { systemClock } from '@kemu/base'
import { freePorts } from '@kemu/base/testing'
import { netnsPlan } from './address-plan.ts'
import { detectCapabilities } from './capabilities.ts'
import { startFabric, stopFabric } from './fabric.ts'

const script = resolve(import.meta.dirname, '../../../cli/bin/kemu.cjs')
const program = {
  node: process.execPath,
  script,
  root: resolve(import.meta.dirname, '../../../..'),
}

const { driver, isolation, reasons } = await detectCapabilities()
const skip = driver === 'netns' ? false : `needs network namespaces: ${reasons.join('; ')}`

/** A program inside the fabric's namespace that greets everybody who connects. */
function serveInside(fabricPid: number, port: number): Promise<() => void> {
  const code = `require('net').createServer((s) => s.end('hello from the fabric'))
    .listen(${port}, '172.18.0.1', () => console.log('up'))`
  const user = isolation === 'user-namespace' ? ['--user', '--preserve-credentials'] : []
  const args = ['--target', String(fabricPid), '--net', ...user, process.execPath, '-e', code]
  const child = spawn('nsenter', args, { stdio: ['ignore', 'pipe', 'inherit'] })
  return new Promise((done) =>
    child.stdout.once('data', () => done(() => void child.kill('SIGKILL'))),
  )
}

function read(port: number): Promise<string> {
  return new Promise((done, fail) => {
    let text = ''
    connect(port, '127.0.0.1')
      .on('data', (chunk) => (text += chunk.toString()))
      .on('error', fail)
      .on('close', () => done(text))
  })
}

async function eventually<T>(what: () => Promise<T>): Promise<T> {
  for (;;) {
    try {
      return await what()
    } catch {
      await new Promise((done) => setTimeout(done, 10))
    }
  }
}

t.test(
  'a program on the fabric answers on the ports that the gateway was asked for',
  { skip },
  async (t) => {
    const dir = mkdtempSync(join(tmpdir(), 'kemu-fabric-'))
    const [fixed, wished] = (await freePorts(2)) as [number, number]
    const config = { dir, plan: netnsPlan, isolation, forward: { [fixed]: '172.18.0.1:8000' } }
    const pid = await startFabric(config, program, systemClock)
    t.equal(await startFabric(config, program, systemClock), pid, 'a second start finds the first')
    const stop = await serveInside(pid, 8000)

    t.equal(await eventually(() => read(fixed)), 'hello from the fabric')

    const client = connect(join(dir, 'gateway.sock'))
    client.write(`{"ports":[{"protocol":"TCP","port":${wished},"target":"172.18.0.1:8000"}]}\n`)
    t.equal(await eventually(() => read(wished)), 'hello from the fabric')

    client.destroy()
    await eventually(async () => {
      const open = await read(wished).then(
        () => true,
        () => false,
      )
      if (open) throw new Error('still open')
    })
    t.equal(await read(fixed), 'hello from the fabric', 'what is always open stays open')

    stop()
    await stopFabric(dir, systemClock)
    await t.rejects(read(fixed), 'nothing is left open')
    rmSync(dir, { recursive: true })
  },
)

t.test('a port that another program holds is named, and no fabric stays', { skip }, async (t) => {
  const dir = mkdtempSync(join(tmpdir(), 'kemu-fabric-'))
  t.teardown(() => rmSync(dir, { recursive: true, force: true }))
  const foreign = createServer().listen(0, '127.0.0.1')
  t.teardown(() => foreign.close())
  await once(foreign, 'listening')
  const { port } = foreign.address() as AddressInfo
  const config = { dir, plan: netnsPlan, isolation, forward: { [port]: '172.18.0.1:8000' } }
  await t.rejects(
    startFabric(config, program, systemClock),
    new RegExp(`127.0.0.1:${port} is taken by another program`),
  )
})
