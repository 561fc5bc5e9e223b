import { sleep } from '@kemu/base'
import {
  expectBare,
  expectNoBlock,
  intArg,
  onlyArg,
  wrongArgs,
  zoneArgs,
} from '../corefile/arguments.ts'
import { durationArg } from '../corefile/arguments.ts'
import type { Directive } from '../corefile/parser.ts'
import { AnswerMemory } from '../kubernetes/answer-memory.ts'
import { Answerer } from '../kubernetes/answer.ts'
import type { PodMode } from '../kubernetes/found.ts'
import { InformerView } from '../kubernetes/informer-view.ts'
import { longestZone, isWithin } from '../wire/message.ts'
import type { Query } from '../wire/message.ts'
import type { Answering, Next } from '../handler.ts'
import type { ApiAccess, Setup } from './plugin.ts'

interface Options {
  readonly zones: string[]
  podMode: PodMode
  readonly namespaces: Set<string>
  labelSelector: string
  namespaceLabelSelector: string
  ttlSeconds: number
  usesPodNames: boolean
  ignoresEmptyServices: boolean
  /** Zones whose unknown names the next plugin is asked for; undefined asks for none. */
  fallthrough: string[] | undefined
  startupTimeoutMs: number
  access: ApiAccess
}

/** Answers for the cluster's services and pods (Kubernetes DNS specification 1.1.0), out of informers. */
export const kubernetes: Setup = (directive, site, deps) => {
  const options = parseOptions(directive, site.zones)
  const primaryZone = options.zones.find((zone) => !isReverseZone(zone))
  if (primaryZone === undefined) throw directive.error('non-reverse zone name must be used')
  const client = deps.connect(options.access)
  const view = new InformerView(
    { ...options, watchesPods: options.podMode === 'verified' },
    { ...deps, client },
  )
  const { ownAddresses } = deps.place
  const answerer = new Answerer(view, { ...options, primaryZone, ownAddresses }, site.lookup)
  const memory = new AnswerMemory(view)

  const passes = ({ question }: Query): boolean =>
    options.fallthrough?.some((name) => isWithin(name, question.key)) ?? false

  const answerNow = (query: Query, zone: string, next: Next): Answering => {
    const answer = answerer.answer(query, zone)
    if (answer instanceof Promise)
      return answer.then((late) => (late === 'name error' ? refuse(query, zone, next) : late))
    if (answer === 'name error' && passes(query)) return next(query)
    const reply = answer === 'name error' ? answerer.nameError(zone) : answer
    const kept = { ...reply, by: 'kubernetes' }
    memory.keep(query, kept)
    return kept
  }
  const refuse = (query: Query, zone: string, next: Next): Answering =>
    passes(query) ? next(query) : answerer.nameError(zone)

  return {
    handler: {
      name: 'kubernetes',
      handle(query, next) {
        const zone = longestZone(options.zones, query.question.key)
        if (zone === undefined) return next(query)
        return memory.get(query) ?? answerNow(query, zone, next)
      },
    },
    async start() {
      const isSynced = view.start().then(() => true)
      const isLate = sleep(deps.clock, options.startupTimeoutMs).then(() => false)
      if (await Promise.race([isSynced, isLate])) return
      deps.logger.warn('plugin/kubernetes: starting server with unsynced Kubernetes API')
    },
    isReady: () => view.hasSynced,
    async close() {
      await view.close()
      client.close()
    },
  }
}

function isReverseZone(zone: string): boolean {
  return isWithin('in-addr.arpa', zone) || isWithin('ip6.arpa', zone)
}

function parseOptions(directive: Directive, zones: readonly string[]): Options {
  const options: Options = {
    zones: zoneArgs(directive.args, zones),
    podMode: 'disabled',
    namespaces: new Set(),
    labelSelector: '',
    namespaceLabelSelector: '',
    // 5 s: CoreDNS's defaultTTL.
    ttlSeconds: 5,
    usesPodNames: false,
    ignoresEmptyServices: false,
    fallthrough: undefined,
    startupTimeoutMs: 5000,
    access: { kind: 'in-cluster' },
  }
  for (const property of directive.block) readProperty(property, options)
  if (options.namespaces.size > 0 && options.namespaceLabelSelector !== '')
    throw directive.error('namespaces and namespace_labels cannot both be set')
  return options
}

function readProperty(property: Directive, options: Options): void {
  expectNoBlock(property)
  switch (property.name) {
    case 'pods':
      options.podMode = podMode(property)
      break
    case 'endpoint_pod_names':
      expectBare(property)
      options.usesPodNames = true
      break
    case 'namespaces':
      for (const name of someArgs(property)) options.namespaces.add(name)
      break
    case 'labels':
      options.labelSelector = someArgs(property).join(' ')
      break
    case 'namespace_labels':
      options.namespaceLabelSelector = someArgs(property).join(' ')
      break
    case 'fallthrough':
      options.fallthrough = zoneArgs(property.args, [''])
      break
    case 'ttl':
      options.ttlSeconds = intArg(property, onlyArg(property), 0, 3600)
      break
    case 'ignore':
      if (onlyArg(property) !== 'empty_service')
        throw property.error(`unable to parse ignore value: '${property.args[0]}'`)
      options.ignoresEmptyServices = true
      break
    case 'startup_timeout':
      options.startupTimeoutMs = durationArg(property, onlyArg(property))
      break
    case 'kubeconfig':
      if (property.args.length > 1)
        throw property.error('a context other than the current is not emulated')
      options.access = { kind: 'kubeconfig', file: onlyArg(property) }
      break
    default:
      throw property.error(notKnown(property.name))
  }
}

/** CoreDNS's other properties, which are refused by name and not as typing errors. */
const notEmulated = [
  'endpoint',
  'tls',
  'noendpoints',
  'multicluster',
  'apiserver_qps',
  'apiserver_burst',
  'apiserver_max_inflight',
]

function notKnown(name: string): string {
  return notEmulated.includes(name)
    ? `property '${name}' is not emulated`
    : `unknown property '${name}'`
}

function podMode(property: Directive): PodMode {
  const mode = onlyArg(property)
  if (mode === 'disabled' || mode === 'insecure' || mode === 'verified') return mode
  throw property.error(
    `wrong value for pods: ${mode},  must be one of: disabled, verified, insecure`,
  )
}

function someArgs(property: Directive): readonly string[] {
  if (property.args.length === 0) throw wrongArgs(property)
  return property.args
}
