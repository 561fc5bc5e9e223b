// The real kube-scheduler and kube-controller-manager in the place of ours: `npm run test:real-control`.
import { spawn } from 'node:child_process'
import { readFileSync, renameSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import type { Test } from 'tap'
import { TestCluster } from '../support/cluster.ts'
import { eventually } from '../support/eventually.ts'
import type { Listed, PodObject } from '../support/objects.ts'
import { findProgram, needs } from '../support/programs.ts'

const programs = ['kube-scheduler', 'kube-controller-manager'] as const
type Program = (typeof programs)[number]

/** A kubeadm cluster's flags of the controller manager, as our manifest has them, with the files where this shell sees them. */
function flagsOf(cluster: TestCluster, program: Program): string[] {
  const name = program.replace('kube-', '')
  const folder = join(cluster.directory, 'hosts/master/etc/kubernetes')
  const server = /server: .*/.exec(readFileSync(cluster.kubeconfig, 'utf8'))![0]
  const config = join(cluster.stateDir, `${name}.conf`)
  const own = readFileSync(join(folder, `${name}.conf`), 'utf8')
  writeFileSync(config, own.replace(/server: .*/, server), { mode: 0o600 })
  const manifest = readFileSync(join(cluster.stateDir, `${program}.yaml`), 'utf8')
  const flags = [...manifest.matchAll(/^ +- (--\S+)/gm)].map(([, flag]) => flag!)
  return flags
    .filter((flag) => !/^--(bind-address|secure-port)=/.test(flag))
    .map((flag) => flag.replace(/\/etc\/kubernetes\/[a-z-]+\.conf/, config))
    .map((flag) => flag.replace('/etc/kubernetes', folder))
    .concat('--bind-address=127.0.0.1', '--secure-port=0')
}

/** Takes the static pod away and starts the real program by hand. */
async function swap(t: Test, cluster: TestCluster, program: Program): Promise<void> {
  const manifests = join(cluster.directory, 'hosts/master/etc/kubernetes/manifests')
  renameSync(join(manifests, `${program}.yaml`), join(cluster.stateDir, `${program}.yaml`))
  await eventually(`our ${program} is gone`, async () => {
    const pods = await cluster.kubectl('get', 'pods', '-n', 'kube-system', '-o', 'name')
    return pods.includes(program) ? undefined : true
  })
  const child = spawn(findProgram(program)!, flagsOf(cluster, program), { stdio: 'ignore' })
  t.teardown(async () => {
    const ended = new Promise((resolve) => child.once('exit', resolve))
    child.kill('SIGKILL')
    await ended
  })
}

const devices = `
apiVersion: resource.k8s.io/v1
kind: DeviceClass
metadata: {name: toys}
spec: {selectors: [{cel: {expression: 'device.driver == "toys.example.com"'}}]}
---
apiVersion: resource.k8s.io/v1
kind: ResourceSlice
metadata: {name: toys}
spec:
  driver: toys.example.com
  nodeName: worker1
  pool: {name: worker1, generation: 1, resourceSliceCount: 1}
  devices: [{name: toy-0}]
---
apiVersion: resource.k8s.io/v1
kind: ResourceClaim
metadata: {name: toy}
spec: {devices: {requests: [{name: toy, exactly: {deviceClassName: toys}}]}}
---
apiVersion: v1
kind: Pod
metadata: {name: claimant}
spec:
  containers: [{name: c, image: hello, resources: {claims: [{name: toy}]}}]
  resourceClaims: [{name: toy, resourceClaimName: toy}]
`

t.test(
  'the real scheduler and controller manager run a kemu cluster',
  { skip: needs('kubectl', ...programs) },
  async (t) => {
    const cluster = await TestCluster.start({ hosts: 2 })
    t.teardown(() => cluster.remove())
    for (const program of programs) await swap(t, cluster, program)

    await cluster.kubectl('create', 'deployment', 'web', '--image=hello', '--replicas=3')
    await cluster.kubectl('rollout', 'status', 'deployment/web', '--timeout=240s')
    await cluster.kubectl('expose', 'deployment', 'web', '--port=80')
    const endpoints = await eventually('the service has its endpoints', async () => {
      const slices = ['endpointslices', '-l', 'kubernetes.io/service-name=web'] as const
      const { items } = await cluster.json<Listed<{ endpoints: unknown[] | null }>>(...slices)
      const all = items.flatMap((slice) => slice.endpoints ?? [])
      return all.length === 3 ? all : undefined
    })
    t.equal(endpoints.length, 3)

    await cluster.kubectl('create', 'namespace', 'gone')
    await cluster.kubectl('create', 'configmap', 'a', '-n', 'gone')
    await cluster.kubectl('delete', 'namespace', 'gone', '--timeout=120s')
    t.not((await cluster.tryKubectl('get', 'namespace', 'gone')).code, 0, 'a namespace goes')

    await cluster.kubectl('delete', 'deployment', 'web')
    await eventually('the garbage of a deployment is collected', async () => {
      const { items } = await cluster.json<Listed<PodObject>>('rs,pods', '-l', 'app=web')
      return items.length === 0 ? true : undefined
    })

    await cluster.kubectlWithInput(devices, 'apply', '-f', '-')
    await eventually('a device is allocated to a claim and the pod is bound', async () => {
      const claim = await cluster.kubectl('get', 'resourceclaim', 'toy', '--no-headers')
      return claim.includes('allocated,reserved') ? true : undefined
    })
    const { spec } = await cluster.json<PodObject>('pod', 'claimant')
    t.equal(spec.nodeName, 'worker1', 'where the device is')
  },
)
