import { request } from 'node:http'
import { shiftPort } from '@kemu/network/address'
import type { AgnhostContext } from './command.ts'
import { askUdp } from './udp.ts'

const timeoutMs = 5000

/** Asks another netexec, several times, and reports every answer and failure. */
export async function dial(
  query: URLSearchParams,
  context: AgnhostContext,
): Promise<{ code: number; text: string }> {
  const wanted = query.get('request') ?? ''
  const protocol = (query.get('protocol') ?? '').toLowerCase()
  const tries = Number(query.get('tries') || '1')
  if (!Number.isInteger(tries)) return { code: 400, text: 'tries parameter is invalid.\n' }
  if (wanted === '') return { code: 400, text: 'request parameter not specified.\n' }
  if (!['', 'http', 'udp'].includes(protocol))
    return { code: 400, text: `unsupported protocol. ${protocol}\n` }
  const port = Number(query.get('port'))
  const address = await context.resolver.address(query.get('host') ?? '').catch(() => undefined)
  if (address === undefined || !Number.isInteger(port))
    return { code: 400, text: 'host and/or port param are invalid.\n' }
  const responses: string[] = []
  const errors: string[] = []
  for (let i = 0; i < tries; i++) {
    try {
      responses.push(
        protocol === 'udp'
          ? await askUdp(address, port, wanted, timeoutMs, context)
          : await get(address, port, wanted, context),
      )
    } catch (error) {
      errors.push((error as Error).message)
    }
  }
  return {
    code: 200,
    text: JSON.stringify({
      ...(errors.length > 0 && { errors }),
      ...(responses.length > 0 && { responses }),
    }),
  }
}

function get(
  address: string,
  port: number,
  path: string,
  { surroundings }: AgnhostContext,
): Promise<string> {
  return new Promise((resolve, reject) => {
    const asked = request({
      host: address,
      port: shiftPort(port, surroundings.portFloor),
      path: `/${path}`,
      headers: { Host: `${address}:${port}` },
      agent: false,
      timeout: timeoutMs,
    })
    asked.on('timeout', () => asked.destroy(new Error('context deadline exceeded')))
    asked.on('error', reject)
    asked.on('response', (answer) => {
      let text = ''
      answer.on('data', (chunk: Buffer) => (text += chunk.toString()))
      answer.on('end', () => resolve(text))
      answer.on('error', reject)
    })
    asked.end()
  })
}
