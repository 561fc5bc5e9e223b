import { execFileSync } from 'node:child_process'
import { existsSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { ImageClient, openArchive } from './client/index.ts'
import { ArchivedImage, copyPrograms } from './testing/archived-image.ts'
import { RuntimeFixture, waitFor } from './testing/runtime-fixture.ts'

t.setTimeout(1_200_000)

const isRoot = process.getuid?.() === 0
const hasCrun = isRoot && run('crun --version') !== undefined
if (isRoot && !hasCrun && process.env['CI']) throw new Error('needs crun; in CI no test is skipped')

function run(command: string): string | undefined {
  try {
    return execFileSync('sh', ['-c', command], {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
    })
  } catch {
    return undefined
  }
}

const starters = [
  { ociRuntime: 'none', skip: isRoot ? false : 'needs root or a user namespace' },
  { ociRuntime: 'auto', skip: hasCrun ? false : 'needs root and crun' },
] as const

/** The same image and the same expectations, started by the machine's tools and by crun. */
for (const { ociRuntime, skip } of starters) {
  const title = `a loaded image, OCI runtime ${ociRuntime}`
  void t.test(title, { skip, timeout: 600_000 }, async (t) => {
    const image = new ArchivedImage({
      tags: ['own:1', 'busybox:1.36'],
      layers: [
        {
          script: `${copyPrograms('sh', 'cat', 'id', 'ls', 'sleep', 'grep', 'tail', 'tty', 'mkdir')}\nmkdir -p etc data run var; ln -s /run var/run; echo from-image >data/seed; echo 'web:x:33:34::/srv:/bin/sh' >etc/passwd; echo 'web:x:34:' >etc/group; echo gone >gone`,
        },
        { script: 'touch .wh.gone; echo second >second', gzip: true },
      ],
      config: {
        Entrypoint: ['sh', '-c'],
        Cmd: ['echo default; id -u'],
        Env: ['COLOUR=blue'],
        User: 'web',
        WorkingDir: '/work',
        Volumes: { '/data': {} },
      },
    })
    t.teardown(() => image.remove())
    const runtime = new RuntimeFixture({ isolation: 'auto', ociRuntime })
    await runtime.start()
    t.teardown(() => runtime.close())
    const client = new ImageClient(runtime.socket)
    t.teardown(() => client.close())
    const pod = await runtime.runPod('real')

    await t.test(
      'is there under its names, before built-in ones, and cannot be pulled',
      async (t) => {
        const [loaded] = await client.load(openArchive(image.dockerArchive()))
        t.same(loaded?.names, ['docker.io/library/busybox:1.36', 'docker.io/library/own:1'])
        const { image: own } = await runtime.client.images.ImageStatus({
          image: { image: 'own:1' },
        })
        t.equal(own?.id, loaded?.id)
        t.equal(own?.username, 'web')
        const { imageRef } = await runtime.client.images.PullImage({
          image: { image: 'busybox:1.36' },
        })
        t.equal(imageRef, loaded?.id, 'a built-in image has the name too')
        await t.rejects(
          runtime.client.images.PullImage({ image: { image: 'own:1' } }),
          /not found \(it was loaded and is in no registry/,
        )
      },
    )
    const { image: own } = await runtime.client.images.ImageStatus({ image: { image: 'own:1' } })
    const start = (name: string, extra: object): Promise<string> =>
      runtime.run(pod, name, own!.id, extra)

    await t.test('its configuration says what runs, as whom and where', async (t) => {
      const id = await start('default', {})
      await runtime.waitExit(id)
      t.same(await runtime.log(pod, 'default', 2), ['default', '33'])
      const other = await start('other', { args: ['echo $COLOUR $(ls /data /second) $(pwd)'] })
      await runtime.waitExit(other)
      t.same(await runtime.log(pod, 'other', 1), ['blue /second /data: seed /work'])
    })

    await t.test('its root is the image’s and nobody else’s', async (t) => {
      const security = { namespaceOptions: { pid: 'CONTAINER' }, runAsUser: { value: '0' } }
      const script =
        'ls / /gone; echo x >/second; cat /second; ls /proc | grep -c "^[0-9]"; echo seen >/var/run/here; ls /run'
      const first = await start('first', { args: [script], linux: { securityContext: security } })
      const status = await runtime.waitExit(first)
      t.equal(status.exitCode, 0)
      const text = (await runtime.log(pod, 'first', 4)).join('\n')
      t.match(text, /gone'?: No such file/)
      t.match(text, /^x$/m)
      t.match(text, /^here$/m, 'a volume of nobody: /var/run is a link')
      t.notMatch(text, /^(usr|opt|mnt)$/m, 'nothing of the machine')
      const again = await start('again', { args: ['cat /second'] })
      await runtime.waitExit(again)
      t.same(await runtime.log(pod, 'again', 1), ['second'])
    })

    await t.test('commands and terminals in it', async (t) => {
      const id = await start('long', { args: ['sleep 1000'] })
      const { stdout, code } = await runtime.exec(id, 'sh', '-c', 'id -u; cat /data/seed; exit 3')
      t.same([stdout, code], ['33\nfrom-image\n', 3])
      await t.rejects(
        runtime.exec(id, 'nosuch'),
        /exec: "nosuch": executable file not found in \$PATH/,
      )
      await t.rejects(runtime.exec(id, '/nosuch'), /stat \/nosuch: no such file or directory/)
      const terminal = await start('terminal', {
        args: ['tty; stty -a >/dev/null 2>&1; test -t 0 && echo a terminal $SHELL$LD_LIBRARY_PATH'],
        tty: true,
      })
      await runtime.waitExit(terminal)
      const lines = await runtime.log(pod, 'terminal', 2)
      t.same(
        lines.map((line) => line.trim()),
        ['/dev/pts/0', 'a terminal'],
      )
    })

    await t.test('a program that is not there fails the start in runc’s words', async (t) => {
      const missing = await runtime.create(pod, 'missing', own!.id, { command: ['nosuch'] })
      await t.rejects(
        runtime.client.runtime.StartContainer({ containerId: missing }),
        /unable to start container process: exec: "nosuch": executable file not found in \$PATH/,
      )
    })

    await t.test('it outlives the runtime, and its end is known', async (t) => {
      const id = await start('survivor', { args: ['echo up; sleep 1000'] })
      const pid = await runtime.pid1(id)
      await runtime.kill()
      await runtime.start()
      t.equal(await runtime.pid1(id), pid)
      t.equal((await runtime.exec(id, 'id', '-u')).stdout, '33\n')
      process.kill(pid, 'SIGKILL')
      t.equal((await runtime.waitExit(id)).exitCode, 137)
    })

    await t.test('its files go when the image is removed and its last container too', async (t) => {
      const id = await start('last', { args: ['sleep 1000'] })
      await runtime.client.images.RemoveImage({ image: { image: own!.id } })
      t.equal((await runtime.exec(id, 'cat', '/data/seed')).stdout, 'from-image\n')
      await runtime.removePod(pod.id)
      const layers = join(runtime.dir, 'root/images/layers')
      await waitFor(async () => (readdirSync(layers).length === 0 ? true : undefined))
      t.notOk(existsSync(join(runtime.dir, 'root/oci', id)))
    })
  })
}
