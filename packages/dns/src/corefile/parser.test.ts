import t from 'tap'
import { parseCorefile } from './parser.ts'
import type { Directive } from './parser.ts'

function shape(directive: Directive): unknown {
  const { name, args, block } = directive
  return block.length === 0 ? [name, ...args] : [name, ...args, block.map(shape)]
}

t.test("reads kubeadm's Corefile", (t) => {
  const [block, ...others] = parseCorefile(
    `.:53 {
    errors
    health {
       lameduck 5s
    }
    kubernetes cluster.local in-addr.arpa ip6.arpa { # both directions
       pods insecure
       fallthrough in-addr.arpa ip6.arpa
    }
    forward . /etc/resolv.conf {
       max_concurrent 1000
    }
    cache 30
}
`,
    'Corefile',
  )
  t.same(others, [])
  t.same(block!.keys, ['.:53'])
  t.same(block!.directives.map(shape), [
    ['errors'],
    ['health', [['lameduck', '5s']]],
    [
      'kubernetes',
      'cluster.local',
      'in-addr.arpa',
      'ip6.arpa',
      [
        ['pods', 'insecure'],
        ['fallthrough', 'in-addr.arpa', 'ip6.arpa'],
      ],
    ],
    ['forward', '.', '/etc/resolv.conf', [['max_concurrent', '1000']]],
    ['cache', '30'],
  ])
  t.end()
})

t.test('keeps what quotes hold together, and takes variables from the environment', (t) => {
  const [block] = parseCorefile('a,b c {\n template "x \\" y" {$ZONE} {%ZONE%}\n}', 'f', {
    ZONE: 'z',
  })
  t.same(block!.keys, ['a', 'b', 'c'])
  t.same(block!.directives.map(shape), [['template', 'x " y', 'z', 'z']])
  t.end()
})

t.test('says where it stopped', (t) => {
  const table: [string, RegExp][] = [
    ['. {\n errors\n', /^f:1 - Error during parsing: Unexpected EOF/],
    ['.:53\n', /^f:1 - Error during parsing: a server block needs its braces/],
    ['. {\n {\n }\n}', /^f:2 - Error during parsing: Unexpected '{'/],
    ['(snip) {\n}', /^f:1 - .* snippets and imports are not emulated: \(snip\)/],
    ['import other\n', /^f:1 - .* snippets and imports are not emulated: import/],
  ]
  for (const [text, message] of table) t.throws(() => parseCorefile(text, 'f'), { message })
  t.end()
})
