import t from 'tap'
import { TestCluster } from '../support/cluster.ts'
import { eventually } from '../support/eventually.ts'
import { commandOf, descendantsOf } from '../support/processes.ts'
import { needs } from '../support/programs.ts'

const skip = needs('kubectl', 'redis-server')

/** Pids below a host's first process whose command line begins so. */
async function pidsOf(cluster: TestCluster, host: string, words: string): Promise<number[]> {
  const { stdout } = await cluster.kemu('status')
  const row = stdout.split('\n').find((line) => line.startsWith(`${host} `))
  const pid = Number(row?.split(/ {2,}/)[3])
  return descendantsOf(pid).filter((each) => commandOf(each).includes(words))
}

async function killAndAwaitSuccessor(
  cluster: TestCluster,
  host: string,
  words: string,
): Promise<void> {
  // Whoever started it may have its words too: the innermost is it.
  const old = await eventually(`${words} runs`, async () =>
    (await pidsOf(cluster, host, words)).at(-1),
  )
  process.kill(old, 'SIGKILL')
  await eventually(`${words} runs again`, async () => {
    const pids = await pidsOf(cluster, host, words)
    return pids.length > 0 && !pids.includes(old) ? true : undefined
  })
}

const collector = 'log-collector --log-dir'
const redis = 'redis-server '

t.test('logs are kept in Redis', { skip }, async (t) => {
  const cluster = await TestCluster.start({ hosts: 2 })
  t.teardown(() => cluster.remove())
  const search = async (...words: string[]): Promise<string[]> => {
    const { code, stdout, stderr } = await cluster.kemu('logs', ...words)
    if (code !== 0) throw new Error(stderr)
    return stdout.split('\n').slice(0, -1)
  }

  await t.test('without the add-on the next step is told', async (t) => {
    const { code, stderr } = await cluster.kemu('logs', '--search', 'x')
    t.equal(code, 3)
    t.match(stderr, /enable it with: (npx )?kemu addon enable logs/)
    t.match(await cluster.kemuSucceeds('addon list'), /^logs +disabled/m)
  })

  await t.test('a pod that is gone is found', async (t) => {
    await cluster.kemuSucceeds('addon enable', 'logs')
    t.match(await cluster.kemuSucceeds('addon list'), /^logs +enabled +3\/3/m)
    const words = [
      '--restart=Never',
      '--image=busybox',
      '--',
      'sh',
      '-c',
      'echo a needle; echo hay',
    ]
    await cluster.kubectl('run', 'speaker', ...words)
    await cluster.kubectl(
      'wait',
      'pod/speaker',
      '--for=jsonpath={.status.phase}=Succeeded',
      '--timeout=90s',
    )
    await cluster.kubectl('delete', 'pod', 'speaker')
    const lines = await eventually('the line is found', async () => {
      const found = await search('--search', 'needle', '--since', '10m', '--pod', 'speaker')
      return found.length > 0 ? found : undefined
    })
    t.same(lines, ['[pod/default/speaker/speaker] a needle'])
    t.same(await search('--pod', 'speaker', '--search', 'nowhere'), [])
  })

  await t.test('components of hosts are found', async (t) => {
    const lines = await eventually('kubelets are found', async () => {
      const found = await search('kubelet', '--search', 'Started kubelet', '--since', '1h')
      return found.length === 2 ? found : undefined
    })
    const hosts = new Set(lines.map((line) => line.split(' ')[0]))
    t.same(hosts, new Set(['[host/master/kubelet]', '[host/worker1/kubelet]']))
  })

  await t.test('kill -9 of Redis and of collectors loses no line and doubles none', async (t) => {
    const count = 400
    const loop = `i=0; while [ $i -lt ${count} ]; do echo line $i; i=$((i+1)); sleep 0.02; done`
    const words = ['--restart=Never', '--image=busybox', '--', 'sh', '-c', loop]
    await cluster.kubectl('run', 'counter', ...words)
    await eventually('its first lines are found', async () =>
      (await search('--pod', 'counter')).length > 0 ? true : undefined,
    )
    await killAndAwaitSuccessor(cluster, 'master', redis)
    await killAndAwaitSuccessor(cluster, 'worker1', collector)
    await killAndAwaitSuccessor(cluster, 'master', redis)
    const last = `line ${count - 1}`
    const lines = await eventually('its last line is found', async () => {
      const found = await search('--pod', 'counter')
      return found.at(-1)?.endsWith(last) === true ? found : undefined
    })
    const expected = Array.from(
      { length: count },
      (_, i) => `[pod/default/counter/counter] line ${i}`,
    )
    t.same(lines, expected)
  })

  await t.test('Redis hears collectors, and no other pod', async (t) => {
    await cluster.kubectl('run', 'stranger', '--image=busybox', '--', 'sleep', '1000')
    await cluster.kubectl('wait', '--for=condition=Ready', 'pod/stranger', '--timeout=240s')
    const service = ['service', 'redis', '-n', 'kube-logs']
    const ip = await cluster.kubectl('get', ...service, '-o', 'jsonpath={.spec.clusterIP}')
    const script = `echo PING | nc -w 3 ${ip} 6379`
    const ask = async (): Promise<string> =>
      (await cluster.tryKubectl('exec', 'stranger', '--', 'sh', '-c', script)).stdout
    t.notMatch(await ask(), 'PONG')
    await cluster.kubectl('delete', 'networkpolicy', 'redis', '-n', 'kube-logs')
    await eventually('the policy was what forbade it', async () =>
      (await ask()).includes('PONG') ? true : undefined,
    )
    await cluster.kubectl('delete', 'pod', 'stranger', '--grace-period=1')
    t.pass('without the policy it was heard')
  })

  await t.test('disabled it keeps its data, and enabled again it has them', async (t) => {
    await cluster.kemuSucceeds('addon disable', 'logs')
    t.equal((await cluster.kemu('logs', '--pod', 'counter')).code, 3)
    await cluster.kemuSucceeds('addon enable', 'logs')
    const again = await eventually('Redis answers', () => search('--search', 'a needle'))
    t.match(again.join('\n'), '[pod/default/speaker/speaker] a needle')
  })
})
