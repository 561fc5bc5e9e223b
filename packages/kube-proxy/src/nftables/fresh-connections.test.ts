import t from 'tap'
import { silentLogger, systemClock } from '@kemu/base'
import { parseCidr } from '@kemu/network/address'
import { NetworkNamespace } from '@kemu/network/testing'
import { createMetrics } from '../metrics.ts'
import { planService } from '../plan/plan-service.ts'
import { here, ruleContext, service, slice } from '../testing/objects.ts'
import { RuleCarrier } from './rule-carrier.ts'

const probe = await NetworkNamespace.open()
if (typeof probe !== 'string') probe.close()
const skip = typeof probe === 'string' ? probe : false

const count = 4000

/**
 * The endpoint at 10.244.1.5 closes first, so it remembers every connection for a minute; 16 clients of the node's own
 * connect to the service as fast as they can. Prints how many first packets were sent a second time.
 */
const script = `
const net = require('net')
const fs = require('fs')
const sentAgain = () => {
  const [names, values] = fs.readFileSync('/proc/net/netstat', 'utf8').split('\\n').map((line) => line.split(' '))
  return Number(values[names.indexOf('TCPSynRetrans')])
}
const once = () => new Promise((resolve, reject) =>
  net.connect(80, '10.96.0.20').on('error', reject).on('close', resolve).resume())
const server = net.createServer((socket) => socket.end('hello'))
server.listen(8080, '10.244.1.5', async () => {
  let left = ${count}
  await Promise.all(Array.from({ length: 16 }, async () => { while (left-- > 0) await once() }))
  console.log(sentAgain())
  server.close()
})
`

t.test(
  'no first packet of a masqueraded connection to a service gets lost',
  { skip },
  async (t) => {
    const namespace = (await NetworkNamespace.open()) as NetworkNamespace
    t.teardown(() => namespace.close())
    for (const words of [
      'address add 172.18.0.10/24 dev lo',
      'address add 10.244.1.5/32 dev lo',
      'route add 10.96.0.0/16 dev lo src 172.18.0.10',
    ])
      await namespace.run(['ip', ...words.split(' ')])
    const carrier = new RuleCarrier(
      { clusterCidr: parseCidr('10.244.0.0/16'), masqueradeMark: 0x4000, masqueradeAll: false },
      {
        clock: systemClock,
        logger: silentLogger,
        metrics: createMetrics(),
        run: namespace.nft,
        staleFlows: { remove: async () => {} },
        localhost: { apply: async () => {} },
      },
    )
    t.teardown(() => carrier.close())
    const plan = planService(service(), [slice([here])], ruleContext)
    await carrier.apply(new Map([['default/web', plan]]), ruleContext)
    // Far fewer ports than connections: each of them comes back while the endpoint still remembers it.
    await namespace.run(['sysctl', '-w', 'net.ipv4.ip_local_port_range=40000 40999'])
    t.equal((await namespace.run([process.execPath, '-e', script])).trim(), '0')
  },
)
