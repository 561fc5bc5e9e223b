import { addressArg, onlyArg, wrongArgs } from '../corefile/arguments.ts'
import { HttpPage } from '../serve/http-page.ts'
import type { Setup } from './plugin.ts'

/** `/ready` on port 8181: every plugin of the block can answer. Once ready it stays so, unless told to look again. */
export const ready: Setup = (directive, site, { place, logger }) => {
  if (directive.args.length > 1) throw wrongArgs(directive)
  const [text] = directive.args
  const at = text === undefined ? { host: '', port: 8181 } : addressArg(directive, text)
  let looksAgain = false
  for (const inner of directive.block) {
    if (inner.name !== 'monitor') throw inner.error(`unknown property '${inner.name}'`)
    const kind = onlyArg(inner)
    if (kind !== 'until-ready' && kind !== 'continuously')
      throw inner.error(`monitor type '${kind}' not supported`)
    looksAgain = kind === 'continuously'
  }
  let wasReady = false
  const page = new HttpPage('/ready', () => {
    const missing = wasReady && !looksAgain ? [] : site.notReady()
    wasReady = missing.length === 0
    const type = 'text/plain; charset=utf-8'
    if (wasReady) return { code: 200, type, text: 'OK' }
    logger.info('plugin/ready: Plugins not ready', { plugins: missing })
    return { code: 503, type, text: missing.join(',') }
  })
  return { start: () => page.open(at, place), close: () => page.close() }
}
