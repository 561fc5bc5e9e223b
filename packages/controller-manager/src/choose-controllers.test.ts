import t from 'tap'
import { FlagError, parseFlags } from '@kemu/base'
import { chooseControllers } from './choose-controllers.ts'
import { controllerManagerFlags } from './flags.ts'
import { controllersNotEmulated } from './not-emulated.ts'
import { controllers } from './registry.ts'

const chosen = (...words: string[]): string[] =>
  chooseControllers(controllers, words, controllersNotEmulated).map(({ name }) => name)

t.test(
  'the star leaves out what is off by default; names and older names add and take',
  async (t) => {
    t.notOk(chosen('*').includes('bootstrap-signer-controller'))
    t.ok(chosen('*', 'bootstrapsigner').includes('bootstrap-signer-controller'))
    t.notOk(chosen('*', '-deployment').includes('deployment-controller'))
    t.same(chosen('replicaset-controller'), ['replicaset-controller'])
  },
)

t.test('what is not emulated may be switched off but not on', async (t) => {
  t.doesNotThrow(() => chosen('*', '-persistentvolume-binder-controller'))
  t.throws(
    () => chosen('persistentvolume-binder-controller'),
    new FlagError('--controllers: "persistentvolume-binder-controller" is not emulated'),
  )
  t.throws(() => chosen('nonsense'), FlagError)
})

t.test('no controller is both there and listed as not emulated', async (t) => {
  for (const { name } of controllers) t.notOk(controllersNotEmulated.has(name), name)
})

t.test('every flag that kubeadm writes is known', async (t) => {
  const args = [
    '--allocate-node-cidrs=true',
    '--authentication-kubeconfig=/etc/kubernetes/controller-manager.conf',
    '--authorization-kubeconfig=/etc/kubernetes/controller-manager.conf',
    '--bind-address=127.0.0.1',
    '--client-ca-file=/etc/kubernetes/pki/ca.crt',
    '--cluster-cidr=10.244.0.0/16',
    '--cluster-name=kubernetes',
    '--cluster-signing-cert-file=/etc/kubernetes/pki/ca.crt',
    '--cluster-signing-key-file=/etc/kubernetes/pki/ca.key',
    '--controllers=*,bootstrapsigner,tokencleaner',
    '--kubeconfig=/etc/kubernetes/controller-manager.conf',
    '--leader-elect=true',
    '--requestheader-client-ca-file=/etc/kubernetes/pki/front-proxy-ca.crt',
    '--root-ca-file=/etc/kubernetes/pki/ca.crt',
    '--service-account-private-key-file=/etc/kubernetes/pki/sa.key',
    '--service-cluster-ip-range=10.96.0.0/12',
    '--use-service-account-credentials=true',
  ]
  const flags = parseFlags(controllerManagerFlags, args)
  t.same(flags.controllers, ['*', 'bootstrapsigner', 'tokencleaner'])
  t.equal(flags['node-monitor-grace-period'], 50_000)
})
