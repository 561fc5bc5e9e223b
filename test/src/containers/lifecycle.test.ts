import { spawn } from 'node:child_process'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { TestCluster } from '../support/cluster.ts'
import { eventually } from '../support/eventually.ts'
import { fetchOnce } from '../support/load.ts'
import { findProgram, needs } from '../support/programs.ts'
import { busybox, Pods } from './pods.ts'

const skip = needs('kubectl')

t.test('the life of containers, and reaching into them', { skip }, async (t) => {
  const cluster = await TestCluster.start({ hosts: 2 })
  t.teardown(() => cluster.remove())
  const pods = new Pods(cluster)
  const shared = { volumeMounts: [{ name: 'log', mountPath: '/log' }] }
  const note = (word: string): string => `echo ${word} >>/log/order`

  await t.test('init containers, sidecars, hooks and the end come in their order', async (t) => {
    const folder = '/var/lib/order'
    await pods.apply('order', {
      nodeName: 'worker1',
      terminationGracePeriodSeconds: 20,
      volumes: [{ name: 'log', hostPath: { path: folder, type: 'DirectoryOrCreate' } }],
      initContainers: [
        busybox('first', `sleep 0.3; ${note('first')}`, shared),
        busybox(
          'side',
          `trap "${note('side-ends')}; exit" TERM; ${note('side')}; while :; do sleep 0.1; done`,
          {
            ...shared,
            restartPolicy: 'Always',
            startupProbe: { exec: { command: ['grep', 'side', '/log/order'] }, periodSeconds: 1 },
          },
        ),
        busybox('second', note('second'), shared),
      ],
      containers: [
        busybox(
          'main',
          `trap "${note('main-ends')}; exit" TERM; sleep 0.3; ${note('main')}; while :; do sleep 0.1; done`,
          {
            ...shared,
            lifecycle: {
              postStart: {
                exec: {
                  command: [
                    'sh',
                    '-c',
                    `until grep main /log/order; do sleep 0.1; done; ${note('postStart')}`,
                  ],
                },
              },
              preStop: { exec: { command: ['sh', '-c', note('preStop')] } },
            },
          },
        ),
      ],
    })
    await pods.ready('order')
    t.match(await pods.status('order'), {
      initContainerStatuses: [
        { name: 'first', state: { terminated: { exitCode: 0 } } },
        { name: 'side', state: { running: {} } },
        { name: 'second', state: { terminated: { exitCode: 0 } } },
      ],
    })
    await cluster.kubectl('delete', 'pod', 'order')
    t.same(cluster.readHostFile('worker1', `${folder}/order`).trim().split('\n'), [
      'first',
      'side',
      'second',
      'main',
      'postStart',
      'preStop',
      'main-ends',
      'side-ends',
    ])
  })

  await t.test('a hook that fails ends its container, with an event', async (t) => {
    await pods.apply('hook', {
      containers: [
        busybox('main', 'sleep 600', {
          lifecycle: { postStart: { exec: { command: ['false'] } } },
        }),
      ],
    })
    await eventually('it is told', async () => {
      const text = await cluster.kubectl('describe', 'pod', 'hook')
      return text.includes('FailedPostStartHook') ? true : undefined
    })
    await cluster.kubectl('delete', 'pod', 'hook')
    t.pass('told')
  })

  await pods.apply('target', {
    containers: [
      { name: 'web', image: 'hello', ports: [{ containerPort: 8001 }] },
      busybox('tool', 'sleep 600'),
    ],
  })
  await pods.ready('target')

  await t.test('kubectl cp brings files in and out', async (t) => {
    const dir = join(cluster.stateDir, 'files')
    mkdirSync(join(dir, 'inner'), { recursive: true })
    writeFileSync(join(dir, 'inner/a'), 'a'.repeat(100_000))
    await cluster.kubectl('cp', dir, 'target:/tmp/files', '-c', 'tool')
    await cluster.kubectl('cp', 'target:/tmp/files/inner/a', join(dir, 'back'), '-c', 'tool')
    t.equal(readFileSync(join(dir, 'back'), 'utf8'), 'a'.repeat(100_000))
  })

  await t.test('kubectl attach gives input and output of the main process', async (t) => {
    await pods.apply('echoes', {
      restartPolicy: 'Never',
      containers: [
        busybox('main', 'while read -r line; do echo "got $line"; done', {
          stdin: true,
          stdinOnce: true,
        }),
      ],
    })
    await pods.ready('echoes')
    t.match(
      await cluster.kubectlWithInput('one\ntwo\n', 'attach', '-i', 'echoes'),
      /got one\ngot two\n/,
    )
    t.equal((await pods.ended('echoes')).phase, 'Succeeded')
  })

  await t.test('kubectl port-forward reaches a port', async (t) => {
    const forward = spawn(findProgram('kubectl')!, ['port-forward', 'pod/target', ':8001'], {
      env: { ...cluster.env, KUBECONFIG: cluster.kubeconfig },
      stdio: ['ignore', 'pipe', 'ignore'],
    })
    t.teardown(() => forward.kill())
    let said = ''
    forward.stdout.on('data', (chunk: Buffer) => (said += chunk.toString()))
    const port = await eventually('it listens', () => /127\.0\.0\.1:(\d+)/.exec(said)?.[1])
    t.match(await fetchOnce(`http://127.0.0.1:${port}/`), /target/)
  })

  await t.test('kubectl debug adds a container that sees the processes of another', async (t) => {
    const words = [
      '--image=busybox',
      '--target=tool',
      '-c',
      'probe',
      '--',
      'sh',
      '-c',
      'ps -ef; echo seen; sleep 600',
    ]
    await cluster.kubectl('debug', 'target', ...words)
    const log = await eventually('it runs', async () => {
      const { code, stdout } = await cluster.tryKubectl('logs', 'target', '-c', 'probe')
      return code === 0 && stdout.includes('seen') ? stdout : undefined
    })
    if (process.getuid?.() === 0) t.match(log, /sleep 600/)
    t.match(await pods.status('target'), {
      ephemeralContainerStatuses: [{ name: 'probe', state: { running: {} } }],
    })
  })
})
