import { formatDuration, sleep } from '@kemu/base'
import { addressArg, durationArg, onlyArg, wrongArgs } from '../corefile/arguments.ts'
import { HttpPage } from '../serve/http-page.ts'
import type { Setup } from './plugin.ts'

/** `/health` on port 8080: the process lives. With `lameduck` it goes on answering for a while after it was told to end. */
export const health: Setup = (directive, _site, { place, clock, logger }) => {
  if (directive.args.length > 1) throw wrongArgs(directive)
  const [text] = directive.args
  const at = text === undefined ? { host: '', port: 8080 } : addressArg(directive, text)
  let lameDuckMs = 0
  for (const inner of directive.block) {
    if (inner.name !== 'lameduck') throw inner.error(`unknown property '${inner.name}'`)
    lameDuckMs = durationArg(inner, onlyArg(inner))
  }
  const page = new HttpPage('/health', () => ({
    code: 200,
    type: 'text/plain; charset=utf-8',
    text: 'OK',
  }))
  return {
    start: () => page.open(at, place),
    async lameDuck() {
      if (lameDuckMs === 0) return
      logger.info(`plugin/health: Going into lameduck mode for ${formatDuration(lameDuckMs)}`)
      await sleep(clock, lameDuckMs)
    },
    close: () => page.close(),
  }
}
