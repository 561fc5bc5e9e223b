import t from 'tap'
import { cadvisorMetrics } from './cadvisor-metrics.ts'

t.test('cAdvisor names a container, its pod and the node by labels', async (t) => {
  const container = {
    id: 'c0ffee',
    image: 'docker.io/library/nginx:latest',
    pod: { uid: 'u1', name: 'web', namespace: 'default' },
    name: 'nginx',
    startedAtMs: 1_500,
    atMs: 9_000,
    cpuNanos: 2_500_000_000,
    nanoCores: 0,
    workingSetBytes: 4096,
    rssBytes: 1024,
  }
  const text = cadvisorMetrics({ cpuNanos: 7e9, workingSetBytes: 8192 }, [
    container,
    { ...container, id: 'beef', name: 'side', cpuNanos: 500_000_000 },
  ])
  const lines = text.split('\n')
  const where = 'namespace="default",pod="web"'
  const image = 'image="docker.io/library/nginx:latest"'
  const cpu = 'container_cpu_usage_seconds_total'
  const memory = 'container_memory_working_set_bytes'
  for (const line of [
    `# TYPE ${cpu} counter`,
    `${cpu}{container="nginx",cpu="total",id="/kubepods/podu1/c0ffee",${image},name="c0ffee",${where}} 2.5`,
    `${cpu}{container="",cpu="total",id="/kubepods/podu1",image="",name="",${where}} 3`,
    `${cpu}{container="",cpu="total",id="/",image="",name="",namespace="",pod=""} 7`,
    `${memory}{container="side",id="/kubepods/podu1/beef",${image},name="beef",${where}} 4096`,
    `${memory}{container="",id="/kubepods/podu1",image="",name="",${where}} 8192`,
    `container_start_time_seconds{container="nginx",id="/kubepods/podu1/c0ffee",${image},name="c0ffee",${where}} 1.5`,
  ])
    t.ok(lines.includes(line), line)
  t.match(text, /^machine_cpu_cores \d+$/m)
})
