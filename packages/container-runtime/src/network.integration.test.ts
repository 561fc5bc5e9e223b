import { spawnSync } from 'node:child_process'
import t from 'tap'
import { ownNetwork, RuntimeFixture, waitFor } from './testing/runtime-fixture.ts'

// Real processes on a machine that may be busy: the file's default of 30 s is for pure tests.
t.setTimeout(1_200_000)

/** A program that we did not write: it listens on every address and answers with its pod's name. */
const foreign = [
  process.execPath,
  '-e',
  "require('http').createServer((q,r)=>r.end(process.env.HOSTNAME)).listen(8080,'0.0.0.0')",
]

const [unshare = '', ...words] = ownNetwork()
const refusal = spawnSync(unshare, [...words, 'true'], { encoding: 'utf8' })
const skip = refusal.status === 0 ? false : `network namespaces: ${refusal.stderr ?? 'no unshare'}`

void t.test('netns', { skip, timeout: 600_000 }, async (t) => {
  const runtime = new RuntimeFixture({ isolation: 'auto', network: 'netns' })
  await runtime.start()
  t.teardown(() => runtime.close())

  await t.test('two pods of one host listen on every address of their own', async (t) => {
    const one = await runtime.runPod('one')
    const two = await runtime.runPod('two')
    await runtime.run(one, 'web', 'busybox', { command: foreign })
    await runtime.run(two, 'web', 'busybox', { command: foreign })
    const client = await runtime.shell(one, 'client', 'sleep 1000')
    for (const [pod, name] of [
      [one, 'one'],
      [two, 'two'],
    ] as const) {
      const { status } = await runtime.client.runtime.PodSandboxStatus({ podSandboxId: pod.id })
      const url = `http://${status!.network!.ip}:8080/`
      const answer = await waitFor(async () => {
        const { stdout, code } = await runtime.exec(client, 'wget', '-qO-', url)
        return code === 0 ? stdout : undefined
      })
      t.equal(answer, name)
    }
  })

  await t.test('an address that no pod has leads nowhere', async (t) => {
    const pod = await runtime.runPod('lost')
    const client = await runtime.shell(pod, 'client', 'sleep 1000')
    const { stderr } = await runtime.exec(client, 'wget', '-T', '1', '-qO-', 'http://10.244.1.200/')
    t.match(stderr, /timed out/) // a blackhole on the host, not an answer from elsewhere
  })
})

void t.test('loopback', { timeout: 600_000 }, async (t) => {
  const runtime = new RuntimeFixture({ isolation: 'auto' })
  await runtime.start()
  t.teardown(() => runtime.close())

  await t.test('a foreign program on every address fails with that reason', async (t) => {
    const pod = await runtime.runPod('wide')
    // Any free port: on loopback it is the machine's, and somebody may have 8080.
    const program = foreign[2]!.replace('8080', '0')
    const status = await runtime.waitExit(
      await runtime.run(pod, 'web', 'busybox', { command: [process.execPath, '-e', program] }),
    )
    t.equal(status.reason, 'LoopbackNetworkViolation')
    t.match(status.message, /listening on 0\.0\.0\.0:\d+ is not possible on the loopback network/)
    t.match(status.message, /it must bind to its pod's address 127\.77\.\d+\.2/)
  })

  await t.test('one that binds to its pod’s address is left alone', async (t) => {
    const pod = await runtime.runPod('narrow')
    const program = foreign[2]!.replace("'0.0.0.0'", 'process.env.KEMU_POD_IP')
    await runtime.run(pod, 'web', 'busybox', { command: [process.execPath, '-e', program] })
    const client = await runtime.shell(pod, 'client', 'sleep 1000')
    const answer = await waitFor(async () => {
      const { stdout, code } = await runtime.exec(client, 'sh', '-c', 'wget -qO- $KEMU_POD_IP:8080')
      return code === 0 ? stdout : undefined
    })
    t.equal(answer, 'narrow')
  })
})
