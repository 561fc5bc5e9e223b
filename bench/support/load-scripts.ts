/** Scripts for `node -e` inside a host; each prints one line of JSON. */
const report = `
const figures = (times, seconds) => {
  times.sort((a, b) => a - b)
  const at = (q) => times[Math.min(times.length - 1, Math.floor(times.length * q))] ?? NaN
  return { perSecond: times.length / seconds, p50Ms: at(0.5), p99Ms: at(0.99) }
}
`

/** What one slice of load showed. */
export interface Load {
  readonly perSecond: number
  readonly p50Ms: number
  readonly p99Ms: number
}

/**
 * Slices of load for several URLs in turn, by one process, so that neither the compiler's warming nor the machine's other
 * work falls on one of them. Arguments: requests at a time, true to keep connections, slices for each, milliseconds of
 * one, URLs. Prints a list of loads for each URL.
 */
export const httpLoad = `${report}
const http = require('http')
const [width, kept, slices, sliceMs, ...urls] = process.argv.slice(1)
const agent = kept === 'true' ? new http.Agent({ keepAlive: true, maxSockets: Number(width) }) : false
const once = (url) => new Promise((resolve, reject) =>
  http.get(url, { agent }, (answer) => answer.resume().on('end', resolve)).on('error', reject))
const slice = async (url) => {
  const times = []
  const startMs = performance.now()
  const one = async () => {
    for (;;) {
      const beganMs = performance.now()
      if (beganMs > startMs + Number(sliceMs)) return
      await once(url)
      times.push(performance.now() - beganMs)
    }
  }
  await Promise.all(Array.from({ length: Number(width) }, one))
  return figures(times, (performance.now() - startMs) / 1000)
}
const main = async () => {
  const loads = urls.map(() => [])
  for (const url of urls) await slice(url)
  for (let i = 0; i < Number(slices); i++)
    // Every second round the other way about: what drifts falls on both.
    for (const j of i % 2 ? [...urls.keys()].reverse() : urls.keys()) loads[j].push(await slice(urls[j]))
  console.log(JSON.stringify(loads))
  process.exit(0)
}
main().catch((error) => { console.error(error); process.exit(1) })
`

/**
 * Slices of questions to several DNS servers in turn, each question from one of 32 sockets. Arguments: slices for each,
 * milliseconds of one, `address:port` of the servers. Prints a list of loads for each server.
 */
export const dnsLoad = `${report}
const dgram = require('dgram')
const [slices, sliceMs, ...servers] = process.argv.slice(1)
const name = 'kubernetes.default.svc.cluster.local'
const labels = name.split('.').flatMap((label) => [label.length, ...Buffer.from(label)])
let id = 0
const slice = (server) => new Promise((resolve) => {
  const [address, port] = server.split(':')
  const times = []
  const startMs = performance.now()
  const sockets = Array.from({ length: 32 }, () => dgram.createSocket('udp4'))
  const ask = (socket) => {
    const beganMs = performance.now()
    if (beganMs > startMs + Number(sliceMs)) return
    id = (id + 1) % 65536
    socket.begun = beganMs
    const head = [id >> 8, id & 255, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0]
    socket.send(Buffer.from([...head, ...labels, 0, 0, 1, 0, 1]), Number(port), address)
  }
  for (const socket of sockets) {
    socket.on('message', () => { times.push(performance.now() - socket.begun); ask(socket) })
    ask(socket)
  }
  setTimeout(() => {
    for (const socket of sockets) socket.close()
    resolve(figures(times, Number(sliceMs) / 1000))
  }, Number(sliceMs) + 100)
})
const main = async () => {
  const loads = servers.map(() => [])
  for (const server of servers) await slice(server)
  for (let i = 0; i < Number(slices); i++)
    for (const j of i % 2 ? [...servers.keys()].reverse() : servers.keys()) loads[j].push(await slice(servers[j]))
  console.log(JSON.stringify(loads))
  process.exit(0)
}
main()
`
