import { createWriteStream } from 'node:fs'
import { request as httpRequest } from 'node:http'
import type { ClientRequest, IncomingMessage } from 'node:http'
import { request as httpsRequest } from 'node:https'
import { basename } from 'node:path'
import type { Writable } from 'node:stream'
import { finished } from 'node:stream/promises'
import { shiftPort } from '@kemu/network/address'
import { parseOptions, UsageError } from '../options.ts'
import type { ParsedOptions } from '../options.ts'
import { warnLine } from '../output.ts'
import { placeOf } from '../surroundings.ts'
import { describeSystemError } from './applet.ts'
import type { AppletContext } from './applet.ts'

const redirectsMax = 5

/** `wget [-q] [-S] [-O FILE] [-T SECONDS] [--spider] [--header LINE] [--post-data DATA] URL...` */
export async function wget(args: readonly string[], context: AppletContext): Promise<number> {
  const options = parseOptions(args, {
    withValue: [
      'O',
      'T',
      'U',
      'Y',
      'P',
      't',
      'timeout',
      'header',
      'post-data',
      'tries',
      'user-agent',
      'output-document',
    ],
    plain: ['q', 'S', 'c', 's', 'spider', 'quiet', 'no-check-certificate', 'server-response'],
  })
  if (options.words.length === 0) throw new UsageError('missing URL')
  for (const word of options.words) await download(word, options, context, redirectsMax)
  return 0
}

async function download(
  word: string,
  options: ParsedOptions,
  context: AppletContext,
  redirectsLeft: number,
): Promise<void> {
  const url = new URL(/^https?:\/\//.test(word) ? word : `http://${word}`)
  const isQuiet = options.given.has('q') || options.given.has('quiet')
  const say = (text: string): void => {
    if (!isQuiet) warnLine(text)
  }
  const host = url.hostname.replace(/^\[|\]$/g, '')
  const address = await context.resolver.address(host).catch(() => {
    throw new Error(`bad address '${host}'`)
  })
  const port = Number(url.port || (url.protocol === 'https:' ? 443 : 80))
  say(`Connecting to ${url.host} (${address}:${port})`)
  const answer = await send(url, address, port, options, context)
  if (options.given.has('S'))
    say(`  HTTP/${answer.httpVersion} ${answer.statusCode} ${answer.statusMessage}`)
  const { location } = answer.headers
  if (location !== undefined && isRedirect(answer) && redirectsLeft > 0) {
    answer.resume()
    return download(new URL(location, url).href, options, context, redirectsLeft - 1)
  }
  if ((answer.statusCode ?? 500) >= 400) {
    answer.resume()
    throw new Error(
      `server returned error: HTTP/${answer.httpVersion} ${answer.statusCode} ${answer.statusMessage}`,
    )
  }
  if (options.given.has('spider')) {
    say('remote file exists')
    return void answer.destroy()
  }
  await save(answer, url, options, context, say)
}

async function save(
  answer: IncomingMessage,
  url: URL,
  { given }: ParsedOptions,
  { surroundings }: AppletContext,
  say: (text: string) => void,
): Promise<void> {
  const file = given.get('O')?.at(-1) ?? (basename(url.pathname) || 'index.html')
  const isStandardOutput = file === '-'
  say(isStandardOutput ? 'writing to stdout' : `saving to '${file}'`)
  const target: Writable = isStandardOutput
    ? process.stdout
    : createWriteStream(placeOf(surroundings, file))
  let bytes = 0
  answer.on('data', (chunk: Buffer) => (bytes += chunk.length))
  answer.pipe(target, { end: !isStandardOutput })
  await finished(isStandardOutput ? answer : target)
  const name = file.slice(0, 20).padEnd(20)
  say(`${name} 100% |${'*'.repeat(32)}| ${String(bytes).padStart(5)}  0:00:00 ETA`)
  say(isStandardOutput ? 'written to stdout' : `'${file}' saved`)
}

function isRedirect({ statusCode = 0 }: IncomingMessage): boolean {
  return [301, 302, 303, 307, 308].includes(statusCode)
}

function send(
  url: URL,
  address: string,
  port: number,
  { given }: ParsedOptions,
  { surroundings }: AppletContext,
): Promise<IncomingMessage> {
  const body = given.get('post-data')?.at(-1)
  const timeoutText = given.get('T')?.at(-1) ?? given.get('timeout')?.at(-1)
  const request = (url.protocol === 'https:' ? httpsRequest : httpRequest)({
    host: address,
    port: shiftPort(port, surroundings.portFloor),
    path: url.pathname + url.search,
    method: body === undefined ? 'GET' : 'POST',
    agent: false,
    servername: url.hostname,
    rejectUnauthorized: !given.has('no-check-certificate'),
    headers: {
      Host: url.host,
      'User-Agent': given.get('U')?.at(-1) ?? 'Wget',
      Connection: 'close',
      ...(body !== undefined && { 'Content-Type': 'application/x-www-form-urlencoded' }),
      ...headerLines(given.get('header') ?? []),
    },
    ...(timeoutText !== undefined && { timeout: Number(timeoutText) * 1000 }),
  })
  return answerOf(request, address, body)
}

function answerOf(
  request: ClientRequest,
  address: string,
  body: string | undefined,
): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    let isLate = false
    request.on('response', resolve)
    request.on('timeout', () => {
      isLate = true
      request.destroy()
    })
    request.on('error', (error) => {
      const why = `can't connect to remote host (${address}): ${describeSystemError(error)}`
      reject(new Error(isLate ? 'download timed out' : why))
    })
    request.end(body)
  })
}

function headerLines(lines: readonly string[]): Record<string, string> {
  return Object.fromEntries(
    lines.map((line) => {
      const at = line.indexOf(':')
      return [line.slice(0, at).trim(), line.slice(at + 1).trim()]
    }),
  )
}
