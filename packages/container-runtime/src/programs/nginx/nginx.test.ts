import t from 'tap'
import { buildConfig } from './build-config.ts'
import { chooseLocation, chooseServer } from './choose.ts'
import { ConfigError, parseDirectives } from './directives.ts'
import type { Location } from './model.ts'
import { planProxy } from './proxy.ts'

const build = (text: string) =>
  buildConfig(parseDirectives(text, 'site.conf'), () => parseDirectives('', 'none'))

void t.test('servers, locations and what they inherit', (t) => {
  const { servers } = build(`
    # a comment; with { marks }
    server {
      listen 8080 default_server; listen [::]:8080;
      server_name a.example *.b.example;
      root /srv; index first.html;
      location /x/ { root /other; add_header A "one two"; }
      location = /health { return 200 "ok\\n"; }
    }
  `)
  t.same(servers[0]?.ports, [8080])
  t.equal(servers[0]?.isDefault, true)
  t.same(servers[0]?.locations[0]?.action.index, ['first.html'])
  t.equal(servers[0]?.locations[0]?.action.root, '/other')
  t.same(servers[0]?.locations[0]?.action.headers, [['A', 'one two']])
  t.same(servers[0]?.locations[1]?.action.returns, { code: 200, text: 'ok\n' })
  t.end()
})

void t.test('what nginx would refuse is refused with file and line', (t) => {
  t.throws(
    () => build('server {\n  no_such_thing on;\n}'),
    new ConfigError('unknown directive "no_such_thing" in site.conf:2'),
  )
  t.throws(() => build('server { listen 80'), /unexpected end of file/)
  t.throws(() => build('server { } }'), /unexpected "}"/)
  t.throws(() => build('server { listen 443 ssl; }'), /not emulated/)
  t.end()
})

void t.test('the location of a path is found in nginx’s order', (t) => {
  const { servers } = build(`server {
    location / { return 200 root; }
    location /images/ { return 200 images; }
    location ^~ /fixed/ { return 200 fixed; }
    location = /exact { return 200 exact; }
    location ~ \\.png$ { return 200 png; }
    location ~* \\.GIF$ { return 200 gif; }
  }`)
  const name = (path: string): string | undefined =>
    chooseLocation(servers[0]!.locations, path)?.action.returns?.text
  t.equal(name('/exact'), 'exact')
  t.equal(name('/exact/more'), 'root')
  t.equal(name('/images/a'), 'images')
  t.equal(name('/images/a.png'), 'png')
  t.equal(name('/fixed/a.png'), 'fixed')
  t.equal(name('/a.gif'), 'gif')
  t.end()
})

void t.test('the server is found by port, then by name, else it is the default', (t) => {
  const { servers } = build(`
    server { listen 80; server_name one; }
    server { listen 80 default_server; server_name two *.wild; }
    server { listen 81; }
  `)
  t.equal(chooseServer(servers, 80, 'one:80'), servers[0])
  t.equal(chooseServer(servers, 80, 'x.wild'), servers[1])
  t.equal(chooseServer(servers, 80, 'unknown'), servers[1])
  t.equal(chooseServer(servers, 81, 'one'), servers[2])
  t.equal(chooseServer(servers, 82, 'one'), undefined)
  t.end()
})

void t.test('proxy_pass with a path replaces the location’s prefix', (t) => {
  const match: Location['match'] = { kind: 'prefix', path: '/api/', stopsRegex: false }
  const plan = (pass: string, turn = 0) =>
    planProxy(pass, match, '/api/v1?x=1', new Map([['pool', ['a:1', 'b:2']]]), turn)
  t.same(plan('http://web/'), { host: 'web', port: 80, path: '/v1?x=1' })
  t.same(plan('http://web:81'), { host: 'web', port: 81, path: '/api/v1?x=1' })
  t.same(plan('http://pool', 1), { host: 'b', port: 2, path: '/api/v1?x=1' })
  t.equal(plan('https://web'), undefined)
  t.end()
})
