import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { TestCluster } from '../support/cluster.ts'
import { eventually } from '../support/eventually.ts'
import { fetchOnce, SteadyLoad } from '../support/load.ts'
import { isReady } from '../support/objects.ts'
import type { Listed, PodObject } from '../support/objects.ts'
import { needs } from '../support/programs.ts'
import { processesOf } from '../support/processes.ts'

const skip = needs('kubectl')
const port = 38_001

t.test(
  'the worked example, steps 3 to 7: a service of three pods, scaled, rolled, entered, deleted',
  { skip },
  async (t) => {
    const cluster = await TestCluster.start()
    t.teardown(() => cluster.remove())
    const pods = async (): Promise<readonly PodObject[]> => {
      const { items } = await cluster.json<Listed<PodObject>>('pods', '-l', 'app=itopic')
      return items.filter((pod) => pod.metadata.deletionTimestamp === undefined)
    }
    const url = `http://127.0.0.1:${port}/`

    await cluster.kubectl(
      'create',
      'deployment',
      'itopic',
      '--image=hello',
      '--replicas=3',
      '--port=8001',
    )
    await cluster.kubectl(
      'expose',
      'deployment',
      'itopic',
      '--type=LoadBalancer',
      `--port=${port}`,
      '--target-port=8001',
    )
    await cluster.kubectl('rollout', 'status', 'deployment/itopic', '--timeout=240s')
    await eventually('the service answers', () => fetchOnce(url))

    await t.test('step 3: curl localhost answers from different pods', async (t) => {
      const answers = new Set<string>()
      for (let i = 0; i < 60 && answers.size < 3; i++) answers.add(await fetchOnce(url))
      t.equal(answers.size, 3, [...answers].join('\n'))
      const described = await cluster.kubectl('describe', 'service', 'itopic')
      t.match(described, /^Type: +LoadBalancer$/m)
      t.match(described, /^NodePort: +<unset> +3\d{4}\/TCP$/m)
      t.match(described, /^Endpoints: +\S+:8001,\S+:8001,\S+:8001$/m)
    })

    await t.test(
      'step 4: after scaling to 5 and back, three of the first pods keep their names',
      async (t) => {
        const first = (await pods()).map((pod) => pod.metadata.name).sort()
        await cluster.kubectl('scale', 'deploy/itopic', '--replicas=5')
        await eventually('five are ready', async () =>
          (await pods()).filter(isReady).length === 5 ? true : undefined,
        )
        await cluster.kubectl('scale', 'deploy/itopic', '--replicas=3')
        await eventually('three are left', async () =>
          (await pods()).length === 3 ? true : undefined,
        )
        t.same((await pods()).map((pod) => pod.metadata.name).sort(), first)
      },
    )

    await t.test('step 5: five rollouts under 200 requests a second lose none', async (t) => {
      const load = new SteadyLoad(url, 200)
      for (const image of ['hello:v2', 'hello:v3', 'hello:v2', 'hello:v3', 'hello:v2']) {
        await cluster.kubectl('set', 'image', 'deployments/itopic', `hello=${image}`)
        const status = await cluster.kubectl(
          'rollout',
          'status',
          'deployment/itopic',
          '--timeout=240s',
        )
        t.match(status, 'deployment "itopic" successfully rolled out')
      }
      const { sent, failures } = await load.stop()
      t.ok(sent > 200, `${sent} requests`)
      t.same(failures, [])
      const history = await cluster.kubectl('rollout', 'history', 'deployment/itopic')
      t.match(history, /REVISION +CHANGE-CAUSE/)
      await cluster.kubectl('rollout', 'undo', 'deployment/itopic')
      await cluster.kubectl('rollout', 'status', 'deployment/itopic', '--timeout=240s')
      t.ok((await pods()).every((pod) => pod.spec.containers[0]!.image === 'hello:v3'))
      await cluster.kubectl('rollout', 'undo', 'deployment/itopic', '--to-revision=1')
      await cluster.kubectl('rollout', 'status', 'deployment/itopic', '--timeout=240s')
      t.ok((await pods()).every((pod) => pod.spec.containers[0]!.image === 'hello'))
    })

    await t.test('step 6: exec shows the service environment; logs follow', async (t) => {
      await cluster.kubectl('rollout', 'restart', 'deployment/itopic')
      await cluster.kubectl('rollout', 'status', 'deployment/itopic', '--timeout=240s')
      const [pod] = await pods()
      const env = await cluster.kubectl('exec', pod!.metadata.name, '--', 'env')
      t.match(env, /^KUBERNETES_SERVICE_HOST=/m)
      t.match(env, /^ITOPIC_SERVICE_PORT=38001$/m)
      t.match(env, new RegExp(`^HOSTNAME=${pod!.metadata.name}$`, 'm'))
      const shell = await cluster.kubectlWithInput(
        'echo in $((40 + 2))\n',
        'exec',
        '-i',
        pod!.metadata.name,
        '--',
        'sh',
      )
      t.equal(shell.trim(), 'in 42')
      const failed = await cluster.tryKubectl(
        'exec',
        pod!.metadata.name,
        '--',
        'sh',
        '-c',
        'exit 7',
      )
      t.equal(failed.code, 7)
      t.not(await cluster.kubectl('logs', pod!.metadata.name), '')
    })

    await t.test('step 7: deleting leaves no pod, process, port or directory behind', async (t) => {
      await cluster.kubectl('delete', 'deployment,service', 'itopic')
      await eventually('no pod is left', async () => {
        const { items } = await cluster.json<Listed<PodObject>>('pods')
        return items.length === 0 ? true : undefined
      })
      await eventually('the port is closed', () =>
        fetchOnce(url, 500).then(
          () => undefined,
          () => true,
        ),
      )
      await eventually('no process is left', () =>
        processesOf(cluster.stateDir).some(({ command }) => command.includes('program-hello'))
          ? undefined
          : true,
      )
      for (const host of ['worker1', 'worker2']) {
        await eventually(`no directory is left on ${host}`, () => {
          const logs = readdirSync(join(cluster.directory, 'hosts', host, 'var/log/pods'))
          return logs.some((name) => name.includes('itopic')) ? undefined : true
        })
      }
      t.pass('all gone')
    })
  },
)
