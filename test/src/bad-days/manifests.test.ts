import t from 'tap'
import { TestCluster } from '../support/cluster.ts'
import { eventually } from '../support/eventually.ts'
import { needs } from '../support/programs.ts'

const skip = needs('kubectl')

t.test('bad manifests get an answer that says where and what', { skip }, async (t) => {
  const cluster = await TestCluster.start({ hosts: 2 })
  t.teardown(() => cluster.remove())
  const apply = async (text: string): Promise<string> => {
    try {
      return await cluster.kubectlWithInput(text, 'apply', '-f', '-')
    } catch (error) {
      return (error as Error).message
    }
  }
  const pod = (spec: object, metadata: object = {}): string =>
    JSON.stringify({ apiVersion: 'v1', kind: 'Pod', metadata: { name: 'bad', ...metadata }, spec })

  t.match(
    await apply(pod({ containers: [] })),
    /The Pod "bad" is invalid: spec\.containers: Required value/,
  )
  t.match(
    await apply(pod({ containers: [{ name: 'A_b', image: 'hello' }] })),
    /spec\.containers\[0\]\.name: Invalid value: "A_b": a lowercase RFC 1123 label must consist of/,
  )
  t.match(
    await apply(
      pod({ containers: [{ name: 'a', image: 'hello', resources: { limits: { cpu: 'much' } } }] }),
    ),
    /quantities must match the regular expression/,
  )
  t.match(
    await apply(
      'kind: Pod\napiVersion: v1\nmetadata: {name: x}\nspec: {containers: [{name: a, image: b}], nodeNme: y}\n',
    ),
    /unknown field "(spec\.nodeNme"|nodeNme" in io\.k8s\.api\.core\.v1\.PodSpec)/,
  )
  const big = {
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: { name: 'big' },
    data: { a: 'x'.repeat(1_100_000) },
  }
  t.match(
    (
      await cluster.tryKubectl(
        'create',
        'configmap',
        'big',
        `--from-literal=a=${'x'.repeat(100_000)}`,
      )
    ).code,
    0,
  )
  await cluster.kubectl('delete', 'configmap', 'big')
  const refused = await cluster
    .kubectlWithInput(JSON.stringify(big), 'create', '-f', '-')
    .catch((error: Error) => error.message)
  t.match(refused, /Too long: may not be more than 1048576 bytes/)
  const huge = { ...big, data: { a: 'x'.repeat(4_000_000) } }
  const tooLarge = await cluster
    .kubectlWithInput(JSON.stringify(huge), 'create', '-f', '-')
    .catch((error: Error) => error.message)
  t.match(tooLarge, /Request entity too large: limit is 3145728/)

  await cluster.kubectl(
    'run',
    'crasher',
    '--image=busybox',
    '--',
    'sh',
    '-c',
    'echo last words; exit 9',
  )
  await eventually('it is held back', async () =>
    (await cluster.kubectl('get', 'pod', 'crasher')).includes('CrashLoopBackOff')
      ? true
      : undefined,
  )
  // Events follow the status.
  const described = await eventually('why is told', async () => {
    const text = await cluster.kubectl('describe', 'pod', 'crasher')
    return text.includes('Back-off') ? text : undefined
  })
  t.match(described, /Last State: +Terminated\n +Reason: +Error\n +Exit Code: +9/)
  t.match(
    described,
    /Warning +BackOff .*Back-off restarting failed container crasher in pod crasher_default/,
  )
  t.equal(await cluster.kubectl('logs', 'crasher', '--previous'), 'last words\n')
})
