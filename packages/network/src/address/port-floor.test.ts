import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import t from 'tap'
import { detectPortFloor, shiftPort } from './port-floor.ts'

t.test('shifts only the ports below the floor', (t) => {
  t.equal(shiftPort(80, 1024), 20_080)
  t.equal(shiftPort(1024, 1024), 1024)
  t.equal(shiftPort(80, 0), 80)
  t.equal(shiftPort(0, 1024), 0, 'no port stays no port')
  t.end()
})

t.test("the host's word stands before the kernel's", async (t) => {
  t.equal(await detectPortFloor({ KEMU_PORT_FLOOR: '1024' }), 1024)
  t.equal(await detectPortFloor({ KEMU_PORT_FLOOR: '0' }), 0)
})

t.test(
  "a user without privilege finds the kernel's limit",
  { skip: cannotDropPrivilege() },
  (t) => {
    const start = Number(readFileSync('/proc/sys/net/ipv4/ip_unprivileged_port_start', 'utf8'))
    const code = `import('${new URL('port-floor.js', import.meta.url).href}')
    .then((m) => m.detectPortFloor({})).then((floor) => console.log(floor))`
    const asNobody = (args: string[]): string =>
      spawnSync('setpriv', [...args, process.execPath, '-e', code])
        .stdout.toString()
        .trim()
    const caps = ['--reuid=65534', '--regid=65534', '--clear-groups']
    t.equal(asNobody([...caps, '--inh-caps=-all']), String(start))
    t.equal(asNobody(['--inh-caps=-all']), '0', 'root may bind every port')
    t.end()
  },
)

function cannotDropPrivilege(): string | false {
  if (process.getuid?.() !== 0) return 'needs root to become an unprivileged user'
  const start = readFileSync('/proc/sys/net/ipv4/ip_unprivileged_port_start', 'utf8')
  if (Number(start) <= 1) return 'this kernel lets everybody bind every port'
  return spawnSync('setpriv', ['--version']).status === 0 ? false : 'needs setpriv (util-linux)'
}
