import t from 'tap'
import { ociImageSpec } from './image-spec.ts'

void t.test('an image tells its config in the words of OCI, without what is empty', (t) => {
  const spec = ociImageSpec({
    entrypoint: ['/docker-entrypoint.sh'],
    command: ['nginx', '-g', 'daemon off;'],
    environment: ['A=b'],
    workingDir: '',
    user: '',
    stopSignal: 'SIGQUIT',
    exposedPorts: [80],
    volumes: ['/data'],
  })
  t.match(spec, { os: 'linux' })
  t.strictSame(JSON.parse(JSON.stringify(spec)).config, {
    ExposedPorts: { '80/tcp': {} },
    Env: ['A=b'],
    Entrypoint: ['/docker-entrypoint.sh'],
    Cmd: ['nginx', '-g', 'daemon off;'],
    Volumes: { '/data': {} },
    StopSignal: 'SIGQUIT',
  })
  t.end()
})
