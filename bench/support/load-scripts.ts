/** Scripts for `node -e` inside a host; each prints one line of JSON: perSecond, p50Ms, p99Ms. */
const report = `
const report = (times, seconds) => {
  times.sort((a, b) => a - b)
  const at = (q) => times[Math.min(times.length - 1, Math.floor(times.length * q))] ?? NaN
  console.log(JSON.stringify({ perSecond: times.length / seconds, p50Ms: at(0.5), p99Ms: at(0.99) }))
  process.exit(0)
}
`

/** Arguments: URL, seconds, true to keep connections. */
export const httpLoad = `${report}
const http = require('http')
const [url, seconds, kept] = process.argv.slice(1)
const agent = kept === 'true' ? new http.Agent({ keepAlive: true, maxSockets: 16 }) : false
const times = []
const endMs = performance.now() + 1000 * seconds
const one = () => {
  const beganMs = performance.now()
  if (beganMs > endMs) return
  http
    .get(url, { agent }, (answer) => {
      answer.resume().on('end', () => {
        times.push(performance.now() - beganMs)
        one()
      })
    })
    .on('error', (error) => { throw error })
}
for (let i = 0; i < 16; i++) one()
setTimeout(() => report(times, Number(seconds)), 1000 * seconds + 200)
`

/** Arguments: server, seconds. Asks for a service's name, each question from one of 32 sockets. */
export const dnsLoad = `${report}
const dgram = require('dgram')
const [server, seconds] = process.argv.slice(1)
const name = 'kubernetes.default.svc.cluster.local'
const labels = name.split('.').flatMap((label) => [label.length, ...Buffer.from(label)])
const times = []
const endMs = performance.now() + 1000 * seconds
let id = 0
const ask = (socket) => {
  const beganMs = performance.now()
  if (beganMs > endMs) return
  id = (id + 1) % 65536
  socket.begun = beganMs
  socket.send(Buffer.from([id >> 8, id & 255, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0, ...labels, 0, 0, 1, 0, 1]), 53, server)
}
for (let i = 0; i < 32; i++) {
  const socket = dgram.createSocket('udp4')
  socket.on('message', () => {
    times.push(performance.now() - socket.begun)
    ask(socket)
  })
  ask(socket)
}
setTimeout(() => report(times, Number(seconds)), 1000 * seconds + 200)
`
