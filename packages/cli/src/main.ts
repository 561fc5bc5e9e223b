import { Command } from 'commander'
import { FlagError } from '@kemu/base'
import { CliError } from './cli-error.ts'
import { defaultCluster, typed } from './output/typed.ts'
import { checkPlatform } from './supported-platform.ts'

const kubeconfigOption = [
  '--kubeconfig <file>',
  'speak to the cluster of this file instead',
] as const
const nameOption = ['--name <name>', 'name of the cluster', defaultCluster] as const

const program = new Command('kemu')
  .description('A Kubernetes cluster of real processes on this machine.')
  .version('0.1.0')
  .addHelpText(
    'after',
    `\nEvery component is a command, too: ${typed('etcd --help')}, ${typed('kubelet --help')}, ...`,
  )
  .enablePositionalOptions()
  .hook('preAction', () => checkPlatform(process.platform))
  .showHelpAfterError('(add --help for the options)')
  .exitOverride((error) => {
    process.exit(error.exitCode === 0 ? 0 : 2)
  })

program
  .command('up')
  .description('create a cluster, or start a stopped one again')
  .option(...nameOption)
  .option('--hosts <n>', 'hosts: one master, the others workers (default: 3)')
  .option('--etcd-members <n>', 'members of etcd, on the first hosts: 1, 3 or 5 (default: 1)')
  .option('--network <driver>', 'netns or loopback; the best that the machine allows if left out')
  .option(
    '--pod-network <way>',
    'how pods of different hosts reach each other: host-gw, vxlan, or none (nodes wait for one of yours)',
  )
  .option('--example', 'deploy examples/httpd.yaml and fetch its page')
  .option(
    '--extra-arg <component:flag=value>',
    'one more flag for a component; may be repeated',
    (value: string, before: string[]) => [...before, value],
    [] as string[],
  )
  .action(async (options) => (await import('./commands/up.ts')).up(options))

program
  .command('down')
  .description('stop a cluster and keep its data')
  .option(...nameOption)
  .action(async (options) => (await import('./commands/down.ts')).down(options))

program
  .command('delete')
  .description('stop a cluster and remove everything it kept')
  .option(...nameOption)
  .action(async (options) => (await import('./commands/down.ts')).remove(options))

program
  .command('list')
  .description('the clusters of this user on this machine')
  .action(async () => (await import('./commands/list.ts')).list())

program
  .command('status')
  .description('hosts, processes, pids, addresses, health')
  .option(...nameOption)
  .action(async (options) => (await import('./commands/status.ts')).status(options))

program
  .command('logs [component]')
  .description('what a component says: etcd, kube-apiserver, kubelet, container-runtime, ...')
  .option(...nameOption)
  .option('--host <host>', 'on one host only')
  .option('--tail <lines>', 'the newest lines only')
  .option('-f, --follow', 'go on as it is written')
  .option('--search <text>', 'lines with this text among the kept logs (add-on logs), of pods too')
  .option('--since <duration>', 'kept lines of the last 10m, 1h30m, ...')
  .option('--pod <pod>', 'kept lines of a pod, also one that is gone')
  .option('--namespace <namespace>', 'of the pod, or of all its pods')
  .option('--container <container>', 'of one container only')
  .option('--timestamps', 'with the time of each kept line')
  .option(...kubeconfigOption)
  .action(async (component, options) =>
    (await import('./commands/logs.ts')).logs(component, options),
  )

const addon = program.command('addon').description("what a cluster can have besides kubeadm's")

addon
  .command('enable <addon>')
  .description('apply its objects and wait for its pods; logs: keep all logs in Redis')
  .option(...nameOption)
  .option(...kubeconfigOption)
  .action(async (name, options) => (await import('./commands/addon.ts')).addonEnable(name, options))

addon
  .command('disable <addon>')
  .description('remove its objects; its data stays')
  .option(...nameOption)
  .option(...kubeconfigOption)
  .action(async (name, options) =>
    (await import('./commands/addon.ts')).addonDisable(name, options),
  )

addon
  .command('list')
  .description('the add-ons and what runs of them')
  .option(...nameOption)
  .option(...kubeconfigOption)
  .action(async (options) => (await import('./commands/addon.ts')).addonList(options))

program
  .command('kubeconfig')
  .description('where the kubeconfig is')
  .option(...nameOption)
  .option('--raw', 'print it instead')
  .action(async (options) => (await import('./commands/kubeconfig.ts')).kubeconfig(options))

program
  .command('node')
  .description('hosts of a running cluster')
  .command('add [host]')
  .description('one more worker on this machine')
  .option(...nameOption)
  .action(async (host, options) => (await import('./commands/node-add.ts')).nodeAdd(host, options))

const image = program.command('image').description('images that you bring to the hosts yourself')

image
  .command('load <file>')
  .description('a docker-save archive, or an OCI image layout (archive or directory)')
  .option(...nameOption)
  .option('--host <host>', 'to one host only')
  .option('--tag <image>', 'name of an image that has none in the archive')
  .action(async (file, options) =>
    (await import('./commands/image-load.ts')).imageLoad(file, options),
  )

image
  .command('list')
  .description('the images of the hosts')
  .option(...nameOption)
  .option('--host <host>', 'of one host only')
  .action(async (options) => (await import('./commands/image-list.ts')).imageList(options))

program
  .command('join <server>')
  .description('a new worker that finds the cluster by a token and the hash of its CA')
  .option(...nameOption)
  .option('--node-name <host>', "the new host's name")
  .requiredOption('--token <token>', `from: ${typed('token create')}`)
  .requiredOption(
    '--discovery-token-ca-cert-hash <hash>',
    'sha256:... of the CA; may be repeated',
    (value: string, before: string[]) => [...before, value],
    [] as string[],
  )
  .action(async (server, options) => (await import('./commands/join.ts')).join(server, options))

program
  .command('token')
  .description('bootstrap tokens')
  .command('create')
  .description('a token with which a new host may join')
  .option(...nameOption)
  .option('--print-join-command', 'print the whole command for the new host')
  .action(async (options) => (await import('./commands/token-create.ts')).tokenCreate(options))

program
  .command('enter <host> [command...]')
  .description('a shell, or a command, inside a host')
  .option(...nameOption)
  .passThroughOptions()
  .allowUnknownOption()
  .action(async (host, command, options) =>
    (await import('./commands/enter.ts')).enter(host, command, options),
  )

program
  .command('container <phase>', { hidden: true })
  .description('phases of a host that is a container: prepare (files), finish (objects)')
  .action(async (phase) => (await import('./commands/container.ts')).container(phase))

program
  .command('fetch <url>', { hidden: true })
  .description('fetch a page by the name that the cluster DNS knows; run it on a host')
  .requiredOption('--dns <address>', 'address and port of the cluster DNS')
  .option('--port-shift <n>', 'added to ports below 1024', '0')
  .action(async (url, options) => (await import('./commands/fetch.ts')).fetchInside(url, options))

void program.parseAsync().catch((error: unknown) => {
  // By its name: the class is in a package that few commands load.
  const isConnection = error instanceof Error && error.name === 'ConnectionError'
  const known = error instanceof CliError || error instanceof FlagError || isConnection
  const text = known ? error.message : error instanceof Error ? error.stack : String(error)
  process.stderr.write(`error: ${text}\n`)
  process.exit(error instanceof CliError ? error.exitCode : 1)
})
