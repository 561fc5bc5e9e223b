import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import t from 'tap'
import { candidateNames, NameNotFound, parseResolvConf, StubResolver } from './stub-resolver.ts'
import { placeOf, readSurroundings } from './surroundings.ts'

const conf = parseResolvConf(
  'search ns.svc.cluster.local svc.cluster.local # local\nnameserver 10.96.0.10\noptions ndots:5 timeout:1\n',
)

void t.test('resolv.conf as the kubelet writes it', (t) => {
  t.same(conf, {
    servers: ['10.96.0.10'],
    searches: ['ns.svc.cluster.local', 'svc.cluster.local'],
    ndots: 5,
  })
  t.equal(parseResolvConf('nameserver 1.1.1.1').ndots, 1)
  t.end()
})

void t.test('names are tried in the order of resolv.conf(5)', (t) => {
  t.same(candidateNames('web', conf), ['web.ns.svc.cluster.local', 'web.svc.cluster.local', 'web'])
  t.same(candidateNames('a.b.c.d.e.f', conf)[0], 'a.b.c.d.e.f')
  t.same(candidateNames('web.', conf), ['web'])
  t.end()
})

void t.test('the hosts file comes first, and nothing is asked without a server', async (t) => {
  const dir = mkdtempSync(join(tmpdir(), 'kemu-resolver-'))
  t.teardown(() => rmSync(dir, { recursive: true }))
  writeFileSync(join(dir, 'hosts'), '10.1.1.1 here alias\n')
  writeFileSync(join(dir, 'resolv.conf'), 'search x\n')
  const resolver = new StubResolver({
    ...readSurroundings({}),
    hostsFile: join(dir, 'hosts'),
    resolvConf: join(dir, 'resolv.conf'),
  })
  t.equal(await resolver.address('alias'), '10.1.1.1')
  t.equal(await resolver.address('10.2.2.2'), '10.2.2.2')
  await t.rejects(resolver.address('elsewhere'), NameNotFound)
})

void t.test('a path is below the root prefix when it is there', (t) => {
  const dir = mkdtempSync(join(tmpdir(), 'kemu-prefix-'))
  t.teardown(() => rmSync(dir, { recursive: true }))
  writeFileSync(join(dir, 'file'), '')
  const surroundings = readSurroundings({ KEMU_ROOT_PREFIX: dir })
  t.equal(placeOf(surroundings, '/file'), join(dir, 'file'))
  t.equal(placeOf(surroundings, '/elsewhere'), '/elsewhere')
  t.equal(placeOf(surroundings, 'relative'), 'relative')
  t.end()
})
