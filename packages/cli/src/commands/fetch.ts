import { Resolver } from 'node:dns/promises'
import { request } from 'node:http'
import { print } from '../output/print.ts'
import { CliError } from '../cli-error.ts'

/** `kemu fetch URL`: asks the cluster's DNS for the name and fetches the page; runs where the cluster's network is. */
export async function fetchInside(
  url: string,
  options: { readonly dns: string; readonly portShift: string },
): Promise<void> {
  const { hostname, port, pathname } = new URL(url)
  const resolver = new Resolver({ timeout: 1000, tries: 3 })
  resolver.setServers([options.dns])
  const [address] = await resolver.resolve4(hostname)
  const asked = Number(port === '' ? 80 : port)
  const real = asked < 1024 ? asked + Number(options.portShift) : asked
  const { status, body } = await get(address!, real, pathname, hostname)
  if (status !== 200) throw new CliError(`${url} answered ${status}`)
  print(`${address}:${real} ${body}`)
}

function get(
  host: string,
  port: number,
  path: string,
  name: string,
): Promise<{ status: number; body: string }> {
  return new Promise((resolve, reject) => {
    const asked = request(
      { host, port, path, headers: { host: name }, timeout: 5000 },
      (answer) => {
        let body = ''
        answer.setEncoding('utf8').on('data', (chunk: string) => (body += chunk))
        answer.on('end', () => resolve({ status: answer.statusCode ?? 0, body }))
      },
    )
    asked.once('timeout', () => asked.destroy(new Error('no answer within 5 s')))
    asked.once('error', reject)
    asked.end()
  })
}
