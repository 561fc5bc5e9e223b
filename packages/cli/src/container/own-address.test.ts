import t from 'tap'
import { defaultDevice } from './own-address.ts'

const head = 'Iface\tDestination\tGateway\tFlags\tRefCnt\tUse\tMetric\tMask\tMTU\tWindow\tIRTT\n'

t.test('the default route with the best metric names the interface', (t) => {
  const table = [
    'eth1\t00000000\t010014AC\t0003\t0\t0\t100\t00000000\t0\t0\t0',
    'eth0\t00000000\t010013AC\t0003\t0\t0\t0\t00000000\t0\t0\t0',
    'eth2\t000014AC\t00000000\t0001\t0\t0\t0\t0000FFFF\t0\t0\t0',
  ]
  t.equal(defaultDevice(head + table.join('\n')), 'eth0')
  t.equal(defaultDevice(head), undefined)
  t.end()
})
