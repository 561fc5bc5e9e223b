import type { ImageConfig } from './image.ts'
import { localhostCertificate } from './localhost-certificate.ts'

/** kubeadm's list for this version: `kubeadm config images list`. */
export const kubernetesVersion = 'v1.36.3'

/** An image of the catalogue before its size is known. */
export interface Recipe {
  readonly repository: string
  /** Each list of tags is one image; its version is the first of them. */
  readonly versions: readonly (readonly string[])[]
  readonly config: Partial<ImageConfig>
  /** Commands by path in the image, and the bundle that each runs, with first arguments; none: the machine's own. */
  readonly programs?: Readonly<Record<string, string>>
  /** Set where the machine's programs are meant although the image brings some of its own. */
  readonly isForeign?: boolean
  readonly files?: Readonly<Record<string, string>>
}

const docker = (name: string): string => `docker.io/library/${name}`

/** What a small machine often lacks, or has otherwise (its top wants a terminal); the rest are the machine's. */
const busyboxPrograms = Object.fromEntries(
  ['wget', 'nslookup', 'nc', 'top'].map((name) => [
    `/usr/local/bin/${name}`,
    `program-busybox ${name}`,
  ]),
)

/** The first process of a PID namespace ignores signals that it does not handle; pause must end at once when asked. */
const pauseScript =
  "#!/bin/sh\ntrap 'exit 0' INT TERM\nwhile :; do sleep 2147483647 & wait $!; done\n"

/** The machine's redis-server, which the logs add-on runs; a container without it says what is missing. */
const redisScript = `#!/bin/sh
command -v redis-server >/dev/null || {
  echo 'redis-server is not installed on the machine of this node; next: apt-get install redis-server' >&2
  exit 127
}
exec redis-server "$@"
`

const nodeComponents: readonly Recipe[] = [
  {
    repository: 'registry.k8s.io/pause',
    versions: [['3.10.2'], ['3.10.1'], ['3.10'], ['3.9']],
    config: { entrypoint: ['/pause'], user: '65535:65535' },
    files: { '/pause': pauseScript },
    isForeign: true,
  },
  ...['kube-apiserver', 'kube-controller-manager', 'kube-scheduler'].map((name) => ({
    repository: `registry.k8s.io/${name}`,
    versions: [[kubernetesVersion]],
    config: { entrypoint: [`/usr/local/bin/${name}`] },
    programs: { [`/usr/local/bin/${name}`]: name },
  })),
  {
    repository: 'registry.k8s.io/kube-proxy',
    versions: [[kubernetesVersion]],
    config: { command: ['/usr/local/bin/kube-proxy'] },
    programs: { '/usr/local/bin/kube-proxy': 'kube-proxy' },
  },
  {
    repository: 'docker.io/kemu/pod-network',
    versions: [['v0.1.0']],
    config: { command: ['/usr/local/bin/pod-network'] },
    programs: { '/usr/local/bin/pod-network': 'pod-network' },
  },
  {
    repository: 'docker.io/kemu/log-collector',
    versions: [['v0.1.0']],
    config: { command: ['/usr/local/bin/log-collector'] },
    programs: { '/usr/local/bin/log-collector': 'log-collector' },
  },
  {
    repository: 'docker.io/kemu/machine-redis',
    versions: [['v0.1.0']],
    config: { entrypoint: ['/start-redis'], exposedPorts: [6379], workingDir: '/data' },
    files: { '/start-redis': redisScript, '/data/.keep': '' },
    isForeign: true,
  },
  {
    repository: 'registry.k8s.io/etcd',
    versions: [['3.6.8-0']],
    config: { entrypoint: ['etcd'] },
    programs: { '/usr/local/bin/etcd': 'etcd' },
  },
  {
    repository: 'registry.k8s.io/coredns/coredns',
    versions: [['v1.14.2']],
    config: { entrypoint: ['/coredns'], workingDir: '/' },
    programs: { '/coredns': 'coredns' },
  },
]

const httpd: Recipe = {
  repository: docker('httpd'),
  versions: [
    ['2.4.66', 'latest', '2', '2.4', 'alpine', '2.4-alpine'],
    ['2.4.58'],
    ['2.4.39', '2.4.39-alpine'],
    ['2.4.38', '2.4.38-alpine'],
  ],
  config: {
    command: ['httpd-foreground'],
    environment: ['HTTPD_PREFIX=/usr/local/apache2'],
    workingDir: '/usr/local/apache2',
    stopSignal: 'SIGWINCH',
    exposedPorts: [80],
  },
  programs: {
    '/usr/local/bin/httpd-foreground': 'program-httpd',
    '/usr/local/bin/httpd': 'program-httpd',
  },
  files: {
    '/usr/local/apache2/htdocs/index.html': '<html><body><h1>It works!</h1></body></html>\n',
    '/usr/local/apache2/conf/httpd.conf':
      'ServerRoot "/usr/local/apache2"\nListen 80\nServerName localhost\n' +
      'DocumentRoot "/usr/local/apache2/htdocs"\nDirectoryIndex index.html\n',
    '/usr/local/apache2/logs/.keep': '',
  },
}

const nginx: Recipe = {
  repository: docker('nginx'),
  versions: [
    ['1.29.4', 'latest', '1', '1.29', 'mainline', 'alpine'],
    ['1.28.1', '1.28', 'stable'],
    ['1.27.5', '1.27'],
    ['1.26.3', '1.26'],
    ['1.25.5', '1.25'],
    ['1.21.6', '1.21'],
    ['1.19.10', '1.19'],
    ['1.17.10', '1.17'],
    ['1.16.1', '1.16'],
    ['1.15.12', '1.15', '1.15.12-alpine'],
    ['1.14.2', '1.14', '1.14-alpine', '1.14.2-alpine'],
    ['1.9.1'],
    ['1.7.9'],
  ],
  config: {
    command: ['nginx', '-g', 'daemon off;'],
    stopSignal: 'SIGQUIT',
    exposedPorts: [80],
  },
  programs: { '/usr/sbin/nginx': 'program-nginx' },
  files: {
    '/usr/share/nginx/html/index.html':
      '<!DOCTYPE html>\n<html>\n<head>\n<title>Welcome to nginx!</title>\n</head>\n<body>\n' +
      "<h1>Welcome to nginx!</h1>\n<p>This page is served by kemu's stand-in for nginx.</p>\n</body>\n</html>\n",
    '/etc/nginx/nginx.conf': 'http {\n    include /etc/nginx/conf.d/*.conf;\n}\n',
    '/etc/nginx/conf.d/default.conf':
      'server {\n    listen 80;\n    server_name localhost;\n' +
      '    location / {\n        root /usr/share/nginx/html;\n        index index.html index.htm;\n    }\n}\n',
    '/var/log/nginx/.keep': '',
  },
}

const busybox: Recipe = {
  repository: docker('busybox'),
  versions: [
    ['1.37.0', 'latest', '1', '1.37', 'stable', 'glibc', 'musl'],
    ['1.36.1', '1.36'],
    ['1.35.0', '1.35'],
    ['1.28.4', '1.28'],
  ],
  config: { command: ['sh'] },
  programs: busyboxPrograms,
  isForeign: true,
}

const exercises: readonly Recipe[] = [
  {
    repository: docker('redis'),
    versions: [
      ['7.4.7', 'latest', '7', '7.4', 'alpine', '7-alpine', '7.4-alpine'],
      ['7.2.4', '7.2'],
      ['6.2.14', '6', '6.2', '6.0.5'],
      ['5.0.4', '5', '5.0'],
    ],
    config: { entrypoint: ['redis-server'], exposedPorts: [6379], workingDir: '/data' },
    programs: { '/usr/local/bin/redis-server': 'program-redis' },
    files: { '/data/.keep': '' },
  },
  {
    repository: docker('hello'),
    versions: [
      ['v1', 'latest', '1'],
      ['v2', '2'],
      ['v3', '3'],
    ],
    config: { command: ['hello'], exposedPorts: [8001] },
    programs: { '/usr/local/bin/hello': 'program-hello' },
  },
  {
    repository: 'gcr.io/google-samples/kubernetes-bootcamp',
    versions: [['v1'], ['v2']],
    config: { command: ['hello', '--port=8080'], exposedPorts: [8080] },
    programs: { '/usr/local/bin/hello': 'program-hello' },
  },
  ...[
    'gcr.io/google-samples/hello-app',
    'us-docker.pkg.dev/google-samples/containers/gke/hello-app',
  ].map((repository) => ({
    repository,
    versions: [['1.0'], ['2.0']],
    config: {
      command: ['hello', '--port=8080', '--greeting=hello-app'],
      exposedPorts: [8080],
    },
    programs: { '/usr/local/bin/hello': 'program-hello' },
  })),
  {
    repository: docker('echo'),
    versions: [['1', 'latest']],
    config: { command: ['echo-server'], exposedPorts: [8080] },
    programs: { '/usr/local/bin/echo-server': 'program-echo' },
  },
  ...['registry.k8s.io/echoserver', 'registry.k8s.io/e2e-test-images/echoserver'].map(
    (repository) => ({
      repository,
      versions: [['1.10', '2.5'], ['1.4']],
      config: { command: ['echo-server'], exposedPorts: [8080] },
      programs: { '/usr/local/bin/echo-server': 'program-echo' },
    }),
  ),
  {
    repository: 'docker.io/hashicorp/http-echo',
    versions: [['1.0', 'latest', '0.2.3', '1.0.0']],
    config: {
      entrypoint: ['http-echo', '--listen=:5678', '--text=hello-world'],
      exposedPorts: [5678],
    },
    programs: { '/usr/local/bin/http-echo': 'program-echo' },
  },
]

/** Systems by name: the machine's own shell and tools stand for all of them. */
const systems: readonly Recipe[] = [
  {
    repository: docker('alpine'),
    versions: [['3.22', 'latest', '3']],
    config: { command: ['sh'] },
  },
  {
    repository: docker('debian'),
    versions: [['12', 'latest', 'bookworm', 'bookworm-slim', 'stable', 'stable-slim']],
    config: { command: ['bash'] },
  },
  {
    repository: docker('ubuntu'),
    versions: [['24.04', 'latest', '22.04']],
    config: { command: ['bash'] },
  },
  {
    repository: docker('perl'),
    versions: [['5.34.0', 'latest', '5', '5.34']],
    config: { command: ['perl', '-de0'] },
  },
].map((recipe) => ({ ...recipe, programs: busyboxPrograms, isForeign: true }))

const testRegistry = 'registry.k8s.io/e2e-test-images'
const agnhostPrograms = { '/agnhost': 'program-agnhost', '/agnhost-2': 'program-agnhost' }

/** Pictures of the update-demo, as its page asks for them. */
const demoImages = ['nautilus', 'kitten'].map((name) => ({
  repository: `${testRegistry}/${name}`,
  versions: [['1.8', '1.7', '1.5', '1.0']],
  config: { entrypoint: ['/agnhost', 'test-webserver'], exposedPorts: [80] },
  programs: agnhostPrograms,
  files: { '/data.json': `{"image":"${name}.jpg"}\n` },
}))

/** The images of the Kubernetes tests (test/utils/image/manifest.go), and their names of before. */
const testImages: readonly Recipe[] = [
  {
    repository: `${testRegistry}/agnhost`,
    versions: [
      ['2.63.0', '2.56', '2.53', '2.52', '2.47', '2.45', '2.43', '2.40', '2.39', '2.36', '2.33'],
      ['2.55'],
      ['2.21', '2.9'],
    ],
    config: { entrypoint: ['/agnhost'], command: ['pause'] },
    programs: agnhostPrograms,
    files: { '/uploads/.keep': '', '/localhost.crt': localhostCertificate },
  },
  {
    repository: 'registry.k8s.io/serve_hostname',
    versions: [['v1.4', '1.4', 'latest']],
    config: { entrypoint: ['/agnhost', 'serve-hostname'], exposedPorts: [9376] },
    programs: agnhostPrograms,
  },
  ...demoImages,
  {
    ...busybox,
    repository: `${testRegistry}/busybox`,
    versions: [['1.37.0-1'], ['1.36.1-1', '1.29-4', '1.29-2', '1.29-1']],
  },
  {
    ...nginx,
    repository: `${testRegistry}/nginx`,
    versions: [['1.27-0'], ['1.15-4', '1.15-2'], ['1.14-4', '1.14-2', '1.14-1']],
  },
  {
    ...httpd,
    repository: `${testRegistry}/httpd`,
    versions: [
      ['2.4.39-4', '2.4.39-2'],
      ['2.4.38-4', '2.4.38-2', '2.4.38-1'],
    ],
  },
  {
    repository: `${testRegistry}/perl`,
    versions: [['5.26']],
    config: { command: ['perl', '-de0'] },
  },
  {
    repository: `${testRegistry}/nonroot`,
    versions: [['1.5', '1.4', '1.1']],
    config: { command: ['sh', '-c', 'id'], user: '1234' },
  },
]

export const recipes: readonly Recipe[] = [
  ...nodeComponents,
  httpd,
  nginx,
  busybox,
  ...exercises,
  ...systems,
  ...testImages,
]
