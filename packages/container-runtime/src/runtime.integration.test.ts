import { existsSync, mkdirSync, renameSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { readLog, RuntimeFixture, waitFor } from './testing/runtime-fixture.ts'

// Real processes on a machine that may be busy: the file's default of 30 s is for pure tests.
t.setTimeout(1_200_000)

/** The same behaviour with namespaces, where the machine has them, and as plain process trees. */
for (const isolation of ['auto', 'plain'] as const) {
  void t.test(`containers, isolation ${isolation}`, { timeout: 600_000 }, async (t) => {
    const runtime = new RuntimeFixture({ isolation })
    await runtime.start()
    t.teardown(() => runtime.close())
    const pod = await runtime.runPod('web')

    await t.test('a pod has an address of the CIDR and is ready', async (t) => {
      const { status } = await runtime.client.runtime.PodSandboxStatus({ podSandboxId: pod.id })
      t.equal(status?.state, 'SANDBOX_READY')
      t.match(status?.network?.ip, /^127\.77\.\d+\.2$/)
    })

    await t.test('output goes to the CRI log by stream and line', async (t) => {
      const id = await runtime.shell(pod, 'talk', 'echo one; echo two >&2; printf three')
      const status = await runtime.waitExit(id)
      t.equal(status.exitCode, 0)
      t.equal(status.reason, 'Completed')
      const lines = await runtime.log(pod, 'talk', 3)
      t.same([...lines].sort(), ['one', 'three', 'two'])
    })

    await t.test('an exit code is the program’s, 128 + n after a signal', async (t) => {
      const plain = await runtime.waitExit(await runtime.shell(pod, 'code', 'exit 7'))
      t.equal(plain.exitCode, 7)
      t.equal(plain.reason, 'Error')
      const id = await runtime.shell(pod, 'killed', 'sleep 1000')
      process.kill(await runtime.pid1(id), 'SIGKILL')
      t.equal((await runtime.waitExit(id)).exitCode, 137)
    })

    await t.test('stop asks with the stop signal and kills what stays', async (t) => {
      const polite = await runtime.shell(
        pod,
        'polite',
        'trap "exit 5" TERM; echo up; sleep 1000 & wait',
      )
      await runtime.log(pod, 'polite', 1)
      await runtime.client.runtime.StopContainer({ containerId: polite, timeout: '120' })
      t.equal((await runtime.status(polite)).exitCode, 5)
      const deaf = await runtime.shell(
        pod,
        'deaf',
        'trap "" TERM; echo up; while :; do sleep 1; done',
      )
      await runtime.log(pod, 'deaf', 1)
      await runtime.client.runtime.StopContainer({ containerId: deaf, timeout: '1' })
      t.equal((await runtime.status(deaf)).exitCode, 137)
    })

    await t.test('exec runs beside the main process, with its code and output', async (t) => {
      const id = await runtime.run(pod, 'env', 'busybox', {
        command: ['sleep', '1000'],
        envs: [{ key: 'COLOUR', value: Buffer.from('deep blue') }],
      })
      const { stdout, stderr, code } = await runtime.exec(
        id,
        'sh',
        '-c',
        'echo "$COLOUR"; echo oops >&2; exit 4',
      )
      t.same([stdout, stderr, code], ['deep blue\n', 'oops\n', 4])
      await t.rejects(runtime.exec(id, 'no-such-program'), /executable file not found in \$PATH/)
      const late = runtime.client.runtime.ExecSync({
        containerId: id,
        cmd: ['sleep', '1000'],
        timeout: '1',
      })
      await t.rejects(late, /timeout 1s exceeded/)
    })

    await t.test('who shares a PID namespace sees pause first, and it reaps', async (t) => {
      if (isolation === 'plain') return void t.pass('plain process trees share the machine’s')
      const linux = { securityContext: { namespaceOptions: { pid: 'POD' } } } as const
      const shared = await runtime.runPod('shared', { linux })
      const command = ['sleep', '1000']
      const id = await runtime.run(shared, 'main', 'busybox', { command, linux })
      const { stdout } = await runtime.exec(id, 'cat', '/proc/1/cmdline')
      t.match(stdout, /^\/pause\0/)
      const script = '(sh -c "echo \\$\\$; exec sleep 0.01" &)'
      const orphan = (await runtime.exec(id, 'sh', '-c', script)).stdout.trim()
      const isGone = async (): Promise<true | undefined> =>
        (await runtime.exec(id, 'test', '-d', `/proc/${orphan}`)).code === 1 || undefined
      t.ok(await waitFor(isGone), `process ${orphan} was reaped`)
      await runtime.removePod(shared.id)
    })

    await t.test('a volume is seen at its path', async (t) => {
      const folder = join(runtime.dir, 'volume')
      mkdirSync(folder)
      const id = await runtime.run(pod, 'mount', 'busybox', {
        command: ['sh', '-c', 'echo kept >/data/file && cat /data/file'],
        mounts: [{ containerPath: '/data', hostPath: folder }],
      })
      t.equal((await runtime.waitExit(id)).exitCode, 0)
      t.ok(existsSync(join(folder, 'file')))
      t.same(await runtime.log(pod, 'mount', 1), ['kept'])
    })

    await t.test('two containers of one image do not see each other’s /tmp', async (t) => {
      const first = await runtime.shell(pod, 'tmp1', 'echo mine >/tmp/mark; echo up; sleep 1000')
      await runtime.log(pod, 'tmp1', 1)
      const second = await runtime.shell(pod, 'tmp2', 'test -e /tmp/mark')
      t.equal((await runtime.waitExit(second)).exitCode, 1)
      t.equal((await runtime.exec(first, 'sh', '-c', 'cat /tmp/mark')).stdout, 'mine\n')
    })

    await t.test('a program that is not there fails the start in runc’s words', async (t) => {
      const id = await runtime.create(pod, 'missing', 'busybox', { command: ['/no/such'] })
      await t.rejects(
        runtime.client.runtime.StartContainer({ containerId: id }),
        /exec: "\/no\/such": stat \/no\/such: no such file or directory/,
      )
      const status = await runtime.status(id)
      t.equal(status.reason, 'StartError')
      t.equal(status.exitCode, 128)
    })

    await t.test('an unknown image says which images there are', async (t) => {
      await t.rejects(
        runtime.client.images.PullImage({ image: { image: 'nosuch:1' } }),
        /nosuch:1: not found \(images of kemu: .*busybox.*nginx/,
      )
    })

    await t.test('statistics count the container’s processes', async (t) => {
      const id = await runtime.shell(
        pod,
        'busy',
        'i=0; while [ $i -lt 100000 ]; do i=$((i+1)); done; echo done; sleep 1000',
      )
      await runtime.log(pod, 'busy', 1)
      const { stats } = await runtime.client.runtime.ContainerStats({ containerId: id })
      t.ok(BigInt(stats!.cpu!.usageCoreNanoSeconds!.value) > 0n)
      t.ok(Number(stats!.memory!.workingSetBytes!.value) > 0)
    })

    await t.test('a host port leads to the pod, also after a kill -9 of the runtime', async (t) => {
      const hostPort = 20_000 + (process.pid % 5000)
      const web = await runtime.runPod('open', {
        portMappings: [{ protocol: 'TCP', containerPort: 8001, hostPort, hostIp: '' }],
      })
      await runtime.run(web, 'hello', 'hello')
      await runtime.log(web, 'hello', 1)
      const ask = async (): Promise<string> =>
        (await fetch(`http://127.77.0.1:${hostPort}/`, { headers: { connection: 'close' } })).text()
      t.match(await ask(), /Running on: open/)
      await runtime.kill()
      await runtime.start()
      t.match(await ask(), /Running on: open/)
      await t.rejects(
        runtime.runPod('second', {
          portMappings: [{ protocol: 'TCP', containerPort: 1, hostPort, hostIp: '' }],
        }),
        /hostPort \d+\/TCP on 127\.77\.0\.1 is taken/,
      )
      await runtime.removePod(web.id)
      await t.rejects(ask())
    })

    await t.test('a log that was renamed goes on in a new file', async (t) => {
      const script = 'i=0; while [ $i -lt 200 ]; do echo "line $i"; i=$((i+1)); sleep 0.005; done'
      const id = await runtime.shell(pod, 'rotated', script)
      await runtime.log(pod, 'rotated', 20)
      const path = join(pod.logDir, 'rotated.log')
      renameSync(path, `${path}.20261121`)
      await runtime.client.runtime.ReopenContainerLog({ containerId: id })
      await runtime.waitExit(id)
      t.same(
        [...readLog(`${path}.20261121`), ...readLog(path)],
        Array.from({ length: 200 }, (_, i) => `line ${i}`),
      )
    })

    await t.test('a removed pod leaves no process and no record', async (t) => {
      const gone = await runtime.runPod('gone')
      const id = await runtime.shell(gone, 'tree', 'sleep 1000 & sleep 1000 & echo up; wait')
      await runtime.log(gone, 'tree', 1)
      const pid = await runtime.pid1(id)
      await runtime.removePod(gone.id)
      t.throws(() => process.kill(pid, 0), { code: 'ESRCH' })
      await t.rejects(runtime.status(id), /not found/)
    })

    await t.test('events tell each step with the whole pod', async (t) => {
      const seen: string[] = []
      const call = runtime.client.runtime.GetContainerEvents({})
      const reading = (async () => {
        for await (const event of call)
          seen.push(`${event.containerId} ${event.containerEventType}`)
      })()
      const id = await runtime.shell(pod, 'events', 'exit 0')
      await runtime.waitExit(id)
      await waitFor(() =>
        Promise.resolve(seen.includes(`${id} CONTAINER_STOPPED_EVENT`) || undefined),
      )
      call.cancel()
      await reading
      const ofContainer = seen
        .filter((line) => line.startsWith(id))
        .map((line) => line.split(' ')[1])
      t.same(ofContainer, [
        'CONTAINER_CREATED_EVENT',
        'CONTAINER_STARTED_EVENT',
        'CONTAINER_STOPPED_EVENT',
      ])
    })
  })
}
