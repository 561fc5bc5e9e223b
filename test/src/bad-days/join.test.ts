import t from 'tap'
import { TestCluster } from '../support/cluster.ts'
import { needs } from '../support/programs.ts'

t.test('a host joins with a token; what is wrong with a join is said within seconds', async (t) => {
  const cluster = await TestCluster.start({ hosts: 1 })
  t.teardown(() => cluster.remove())
  const command = (await cluster.kemuSucceeds('token create', '--print-join-command')).trim()
  const said =
    /^(?:npx )?kemu join (\S+) --token ([a-z0-9]{6}\.[a-z0-9]{16}) --discovery-token-ca-cert-hash (sha256:[0-9a-f]{64})$/
  t.match(command, said)
  const [, server, token, hash] = said.exec(command) as unknown as [string, string, string, string]
  const tryJoin = (address: string, tokenText: string, hashText: string) =>
    cluster.kemu(
      `join ${address}`,
      '--token',
      tokenText,
      '--discovery-token-ca-cert-hash',
      hashText,
    )

  for (const [what, outcome, message] of [
    [
      'no token at all',
      () => tryJoin(server, 'nonsense', hash),
      /the bootstrap token "nonsense" is not of the form/,
    ],
    [
      'an unknown token',
      () => tryJoin(server, 'aaaaaa.0123456789abcdef', hash),
      /for token ID "aaaaaa".*unknown or has expired.*kemu token create/,
    ],
    [
      'a wrong secret',
      () => tryJoin(server, `${token.slice(0, 7)}0000000000000000`, hash),
      /failed to verify JWS signature/,
    ],
    [
      'a wrong hash',
      () => tryJoin(server, token, `sha256:${'0'.repeat(64)}`),
      /none of the public keys "sha256:[0-9a-f]+" are pinned/,
    ],
    [
      'nobody there',
      () => tryJoin('127.0.0.1:1', token, hash),
      /cannot reach the control plane at 127\.0\.0\.1:1/,
    ],
  ] as const) {
    const { code, stderr } = await outcome()
    t.not(code, 0, what)
    t.match(stderr, message, what)
  }

  const joined = await cluster.kemuSucceeds(
    `join ${server}`,
    '--node-name',
    'helper',
    '--token',
    token,
    '--discovery-token-ca-cert-hash',
    hash,
  )
  t.match(joined, 'This node has joined the cluster')
  const added = await cluster.kemuSucceeds('node add')
  t.match(added, /Node worker\d joined cluster/)
  if (needs('kubectl')) return
  const nodes = await cluster.kubectl('get', 'nodes')
  t.match(nodes, /^helper +Ready +<none>/m)
})
