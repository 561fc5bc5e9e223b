import { request } from 'node:http'
import type { Duplex } from 'node:stream'
import { SpdyConnection } from '@kemu/streaming'
import type { SpdyStream } from '@kemu/streaming'
import t from 'tap'
import { RuntimeFixture, waitFor } from './testing/runtime-fixture.ts'

// Real processes on a machine that may be busy: the file's default of 30 s is for pure tests.
t.setTimeout(1_200_000)

/** A session as the kubelet opens it: by SPDY, at the URL that CRI handed out. */
async function open(url: string, protocol: string): Promise<SpdyConnection> {
  const socket = await new Promise<Duplex>((resolve, reject) => {
    const headers = {
      Connection: 'Upgrade',
      Upgrade: 'SPDY/3.1',
      'X-Stream-Protocol-Version': protocol,
    }
    const sent = request(url, { method: 'POST', agent: false, headers })
    sent.on('upgrade', (_answer, upgraded: Duplex) => resolve(upgraded))
    sent.on('response', ({ statusCode }) => reject(new Error(`answered ${statusCode}`)))
    sent.on('error', reject)
    sent.end()
  })
  return new SpdyConnection(socket, { role: 'client' })
}

/** Collects a stream; `text` grows until `ended` resolves. */
class Collected {
  text = ''
  readonly ended: Promise<string>

  constructor(stream: SpdyStream) {
    stream.on('data', (chunk: Buffer) => (this.text += chunk.toString()))
    this.ended = new Promise((resolve) => stream.on('close', () => resolve(this.text)))
    stream.on('end', () => stream.end())
  }

  async includes(part: string): Promise<void> {
    await waitFor(() => Promise.resolve(this.text.includes(part) || undefined))
  }
}

async function collect(connection: SpdyConnection, streamtype: string): Promise<Collected> {
  return new Collected(await connection.createStream({ streamtype }))
}

for (const isolation of ['auto', 'plain'] as const) {
  void t.test(`sessions, isolation ${isolation}`, { timeout: 600_000 }, async (t) => {
    const runtime = new RuntimeFixture({ isolation })
    await runtime.start()
    t.teardown(() => runtime.close())
    const pod = await runtime.runPod('talk')
    const shell = await runtime.run(pod, 'shell', 'busybox', {
      command: ['sh', '-c', 'while read -r line; do echo "heard $line"; done; echo bye'],
      stdin: true,
      stdinOnce: true,
    })
    const ask = { stdin: false, stdout: true, stderr: true, tty: false }

    await t.test('exec carries input, output and the exit code', async (t) => {
      const { url } = await runtime.client.runtime.Exec({
        ...ask,
        containerId: shell,
        cmd: ['sh', '-c', 'cat; echo oops >&2; exit 6'],
        stdin: true,
      })
      const session = await open(url, 'v4.channel.k8s.io')
      const error = await collect(session, 'error')
      const stdin = await session.createStream({ streamtype: 'stdin' })
      const stdout = await collect(session, 'stdout')
      const stderr = await collect(session, 'stderr')
      const long = 'some input '.repeat(30_000)
      stdin.end(long)
      t.equal(await stdout.ended, long)
      t.equal(await stderr.ended, 'oops\n')
      t.match(JSON.parse(await error.ended), { details: { causes: [{ message: '6' }] } })
    })

    await t.test('a session’s address works once', async (t) => {
      const { url } = await runtime.client.runtime.Exec({
        ...ask,
        containerId: shell,
        cmd: ['true'],
      })
      const session = await open(url, 'v4.channel.k8s.io')
      await t.rejects(open(url, 'v4.channel.k8s.io'), /404/)
      session.close()
      await session.closed
    })

    await t.test('a terminal has the size that the client says', async (t) => {
      const { url } = await runtime.client.runtime.Exec({
        containerId: shell,
        cmd: ['sh', '-c', 'until stty size | grep -q 91; do sleep 0.02; done; stty size; tty'],
        stdin: true,
        stdout: true,
        stderr: false,
        tty: true,
      })
      const session = await open(url, 'v4.channel.k8s.io')
      const error = await collect(session, 'error')
      await session.createStream({ streamtype: 'stdin' })
      const stdout = await collect(session, 'stdout')
      const resize = await session.createStream({ streamtype: 'resize' })
      resize.write('{"Width":91,"Height":33}')
      t.match(await stdout.ended, /33 91\r\n\/dev\/pts\/\d+/)
      t.match(JSON.parse(await error.ended), { status: 'Success' })
    })

    await t.test('a client that leaves ends its command', async (t) => {
      const mark = `77${process.pid}`
      const { url } = await runtime.client.runtime.Exec({
        ...ask,
        containerId: shell,
        cmd: ['sleep', mark],
      })
      const session = await open(url, 'v4.channel.k8s.io')
      for (const type of ['error', 'stdout', 'stderr']) await collect(session, type)
      const count = async (): Promise<number> => {
        const script = `grep -lsz "^${mark}\\$" /proc/[0-9]*/cmdline | wc -l`
        return Number((await runtime.exec(shell, 'sh', '-c', script)).stdout)
      }
      await waitFor(async () => ((await count()) > 0 ? true : undefined))
      session.close()
      t.ok(await waitFor(async () => ((await count()) === 0 ? true : undefined)))
    })

    await t.test('a port of the pod is forwarded', async (t) => {
      await runtime.run(pod, 'web', 'hello')
      await runtime.log(pod, 'web', 1)
      const { url } = await runtime.client.runtime.PortForward({
        podSandboxId: pod.id,
        port: [8001],
      })
      const session = await open(url, 'portforward.k8s.io')
      const headers = { port: '8001', requestid: '0' }
      const error = new Collected(await session.createStream({ ...headers, streamtype: 'error' }))
      const data = await session.createStream({ ...headers, streamtype: 'data' })
      const answer = new Collected(data)
      data.write('GET / HTTP/1.0\r\n\r\n')
      t.match(await answer.ended, /Hello Kubernetes bootcamp! \| Running on: talk/)
      t.equal(await error.ended, '')
      session.close()
    })

    await t.test('whose input ends leaves a container that goes on', async (t) => {
      const id = await runtime.run(pod, 'cat', 'busybox', { command: ['cat'], stdin: true })
      for (const word of ['one', 'two']) {
        const { url } = await runtime.client.runtime.Attach({
          ...ask,
          containerId: id,
          stdin: true,
          stderr: false,
        })
        const session = await open(url, 'v4.channel.k8s.io')
        const error = await collect(session, 'error')
        const stdin = await session.createStream({ streamtype: 'stdin' })
        const stdout = await collect(session, 'stdout')
        stdin.write(`${word}\n`)
        await stdout.includes(word)
        stdin.end()
        t.match(JSON.parse(await error.ended), { status: 'Success' })
        t.equal(await stdout.ended, `${word}\n`)
      }
      await runtime.client.runtime.StopContainer({ containerId: id, timeout: '0' })
    })

    await t.test(
      'nobody listens at a port: the client hears it as containerd says it',
      async (t) => {
        const { url } = await runtime.client.runtime.PortForward({
          podSandboxId: pod.id,
          port: [9],
        })
        const session = await open(url, 'portforward.k8s.io')
        const headers = { port: '9', requestid: '0' }
        const error = new Collected(await session.createStream({ ...headers, streamtype: 'error' }))
        await session.createStream({ ...headers, streamtype: 'data' })
        const said = await error.ended
        const id = /^error forwarding port 9 to pod (\w{64}), uid : /.exec(said)?.[1]
        t.ok(id, said)
        t.match(
          said,
          /: failed to execute portforward in network namespace "\S+": failed to connect /,
        )
        t.match(said, `localhost:9 inside namespace "${id}", IPv4: dial tcp4 127.0.0.1:9: `)
        t.match(said, /: connection refused IPv6 dial tcp6: .*: no suitable address found $/)
        session.close()
      },
    )

    await t.test('attach joins the main process, and its input ends once', async (t) => {
      const { url } = await runtime.client.runtime.Attach({
        ...ask,
        containerId: shell,
        stdin: true,
      })
      const session = await open(url, 'v4.channel.k8s.io')
      const error = await collect(session, 'error')
      const stdin = await session.createStream({ streamtype: 'stdin' })
      const stdout = await collect(session, 'stdout')
      await collect(session, 'stderr')
      stdin.write('first\n')
      await stdout.includes('heard first')
      stdin.end('last\n')
      t.match(await stdout.ended, /heard first\nheard last\nbye\n/)
      t.match(JSON.parse(await error.ended), { status: 'Success' })
      t.equal((await runtime.waitExit(shell)).exitCode, 0)
      t.same(await runtime.log(pod, 'shell', 3), ['heard first', 'heard last', 'bye'])
    })

    await t.test('a container with a terminal logs what the terminal shows', async (t) => {
      const id = await runtime.run(pod, 'tty', 'busybox', {
        command: ['sh', '-c', 'tty; echo seen; exit 4'],
        tty: true,
        stdin: true,
      })
      t.equal((await runtime.waitExit(id)).exitCode, 4)
      t.match(await runtime.log(pod, 'tty', 2), [/^\/dev\/pts\/\d+$/, 'seen'])
    })
  })
}
