import { expectNoBlock, onlyArg, wrongArgs, zoneArgs } from '../corefile/arguments.ts'
import { longestZone, rcodes, reply } from '../wire/message.ts'
import type { Rcode } from '../wire/message.ts'
import type { Setup } from './plugin.ts'

/** `template CLASS TYPE [ZONE...] { rcode CODE }`: one code for every name of the zones; nothing of Go's templates. */
export const template: Setup = (directive, site) => {
  const [klass, type, ...zoneTexts] = directive.args
  if (klass === undefined || type === undefined) throw wrongArgs(directive)
  const zones = zoneArgs(zoneTexts, site.zones)
  let rcode: Rcode = 'NOERROR'
  for (const property of directive.block) {
    expectNoBlock(property)
    if (property.name !== 'rcode')
      throw property.error(`property '${property.name}' of template is not emulated: only rcode`)
    const code = onlyArg(property).toUpperCase()
    if (!Object.hasOwn(rcodes, code)) throw property.error(`unknown rcode ${code}`)
    rcode = code as Rcode
  }
  const isAny = (wanted: string, has: string): boolean => wanted === 'ANY' || wanted === has
  return {
    handler: {
      name: 'template',
      handle(query, next) {
        const { key, type: asked, class: askedClass } = query.question
        const isOurs = isAny(klass, askedClass) && isAny(type, asked)
        if (!isOurs || longestZone(zones, key) === undefined) return next(query)
        return reply(rcode, { isAuthoritative: true })
      },
    },
  }
}
