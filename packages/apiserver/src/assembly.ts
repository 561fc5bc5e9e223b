import { readFileSync } from 'node:fs'
import type { KindDefinition } from '@kemu/api/kinds'
import { FlagError, processResolver, systemClock, systemRandom } from '@kemu/base'
import type { Logger } from '@kemu/base'
import {
  localSubjectAccessReviewHandler,
  selfSubjectAccessReviewHandler,
  selfSubjectRulesReviewHandler,
  subjectAccessReviewHandler,
} from './actions/access-reviews.ts'
import { bindingHandler } from './actions/binding.ts'
import { evictionHandler } from './actions/eviction.ts'
import { selfSubjectReviewHandler, tokenReviewHandler } from './actions/identity-reviews.ts'
import { tokenRequestHandler } from './actions/token-request.ts'
import type { AdmissionPlugin } from './admission/admission.ts'
import { admissionPlugins } from './admission/registry.ts'
import type { Authenticator, TokenAuthenticator } from './authentication/authenticator.ts'
import { BearerTokenAuthenticator } from './authentication/bearer-tokens.ts'
import { BootstrapTokenAuthenticator } from './authentication/bootstrap-token.ts'
import { clientCertificateAuthenticator } from './authentication/client-certificate.ts'
import { requestHeaderAuthenticator } from './authentication/request-header.ts'
import { TokenIssuer } from './authentication/service-account/token-issuer.ts'
import { readSigningKey, readVerifyingKeys } from './authentication/service-account/token-keys.ts'
import type { TokenKey } from './authentication/service-account/token-keys.ts'
import { ServiceAccountTokenVerifier } from './authentication/service-account/token-verifier.ts'
import { alwaysAllow, alwaysDeny, privilegedGroupAuthorizer } from './authorization/authorizer.ts'
import type { Authorizer } from './authorization/authorizer.ts'
import { NodeAuthorizer } from './authorization/node/node-authorizer.ts'
import { NodeGraph } from './authorization/node/node-graph.ts'
import { PolicyCache } from './authorization/rbac/policy-cache.ts'
import { RbacAuthorizer } from './authorization/rbac/rbac-authorizer.ts'
import { nodeRules } from './bootstrap/rbac-bootstrap.ts'
import type { ApiserverConfig } from './config.ts'
import { FlowController } from './flow-control/flow-controller.ts'
import { namespaceHooks } from './namespaces/namespace-hooks.ts'
import type { ActionHandler } from './registry/action-handler.ts'
import { Catalog } from './registry/catalog.ts'
import type { CatalogDeps } from './registry/catalog.ts'
import { Lookup } from './registry/lookup.ts'
import type { ResourceHooks } from './registry/write-context.ts'
import { Connections } from './relay/connections.ts'
import { HttpRelay } from './relay/http-relay.ts'
import { IpAllocator } from './services/ip-allocator.ts'
import { IpRange } from './services/ip-range.ts'
import { NodePortAllocator, parsePortRange } from './services/node-port-allocator.ts'
import { ServiceHooks } from './services/service-hooks.ts'

export interface AssemblyContext {
  readonly config: ApiserverConfig
  readonly kinds: readonly KindDefinition[]
  readonly logger: Logger
}

/**
 * Every part of a server that its flags decide on, built once in the order in which one needs the
 * other.
 */
export class Assembly {
  readonly catalog: Catalog
  readonly lookup: Lookup
  readonly policy: PolicyCache
  readonly flows: FlowController
  readonly graph: NodeGraph
  readonly addresses: IpAllocator
  readonly ports: NodePortAllocator
  readonly tokenKeys: readonly TokenKey[]
  readonly tokens: BearerTokenAuthenticator
  readonly authenticators: readonly Authenticator[]
  readonly authorizers: readonly Authorizer[]
  readonly plugins: readonly AdmissionPlugin[]
  readonly actions: ReadonlyMap<string, ActionHandler>
  readonly connections: Connections
  readonly relay: HttpRelay

  constructor({ config, kinds, logger }: AssemblyContext, deps: CatalogDeps) {
    const { flags } = config
    this.catalog = new Catalog(deps)
    this.addresses = new IpAllocator(readRange(config), deps.store, systemRandom, systemClock)
    this.ports = new NodePortAllocator(readPorts(config), deps.store, systemRandom)
    const hooks = this.#hooks(logger)
    for (const kind of kinds) this.catalog.add(kind, hooks[kind.type.resource] ?? {})
    this.lookup = new Lookup(this.catalog)
    this.policy = new PolicyCache(this.catalog)
    const seats = flags['max-requests-inflight'] + flags['max-mutating-requests-inflight']
    this.flows = new FlowController(this.catalog, systemClock, seats)
    this.graph = new NodeGraph(this.catalog)
    this.tokenKeys = flags['service-account-key-file'].flatMap((file) =>
      readVerifyingKeys(readFileSync(file, 'utf8')),
    )
    this.tokens = this.#tokens(config)
    this.authenticators = [
      requestHeaderAuthenticator(config.requestHeader),
      clientCertificateAuthenticator,
      this.tokens,
    ]
    this.authorizers = [
      privilegedGroupAuthorizer,
      ...flags['authorization-mode'].map((mode) => this.#authorizer(mode)),
    ]
    this.plugins = admissionPlugins({
      catalog: this.catalog,
      clock: systemClock,
      random: systemRandom,
      policy: this.policy,
      authorizers: this.authorizers,
      enabled: flags['enable-admission-plugins'],
      disabled: flags['disable-admission-plugins'],
      notReadySeconds: flags['default-not-ready-toleration-seconds'],
      unreachableSeconds: flags['default-unreachable-toleration-seconds'],
    })
    this.actions = this.#actions(config)
    this.connections = new Connections(
      this.lookup,
      flags['kubelet-preferred-address-types'],
      systemRandom,
    )
    this.relay = new HttpRelay({
      clientCertificate: readOptional(flags['kubelet-client-certificate']),
      clientKey: readOptional(flags['kubelet-client-key']),
      kubeletAuthority: readOptional(flags['kubelet-certificate-authority']),
      resolve: processResolver(),
    })
  }

  /** Resolves when requests can be classified and authorized. */
  async ready(): Promise<void> {
    await Promise.all([this.policy.ready(), this.graph.ready(), this.flows.ready()])
  }

  #hooks(logger: Logger): Readonly<Record<string, ResourceHooks>> {
    const { catalog, addresses, ports } = this
    return {
      namespaces: namespaceHooks,
      services: new ServiceHooks({ catalog, addresses, ports, logger }),
    }
  }

  #tokens({ flags }: ApiserverConfig): BearerTokenAuthenticator {
    const issuers = flags['service-account-issuer']
    const authenticators: TokenAuthenticator[] = [
      new ServiceAccountTokenVerifier({
        lookup: this.lookup,
        clock: systemClock,
        keys: this.tokenKeys,
        issuers,
      }),
    ]
    if (flags['enable-bootstrap-token-auth']) {
      authenticators.push(new BootstrapTokenAuthenticator(this.lookup, systemClock))
    }
    return new BearerTokenAuthenticator(authenticators, audiencesOf(flags), systemClock)
  }

  #authorizer(mode: string): Authorizer {
    switch (mode) {
      case 'Node':
        return new NodeAuthorizer(this.graph, nodeRules())
      case 'RBAC':
        return new RbacAuthorizer(this.policy)
      case 'AlwaysAllow':
        return alwaysAllow
      case 'AlwaysDeny':
        return alwaysDeny
      default:
        throw new FlagError(`--authorization-mode: ${JSON.stringify(mode)} is not emulated`)
    }
  }

  #actions({ flags }: ApiserverConfig): ReadonlyMap<string, ActionHandler> {
    const { catalog, lookup, authorizers } = this
    const bindings = bindingHandler(catalog)
    const authorization = 'authorization.k8s.io'
    const authentication = 'authentication.k8s.io'
    const actions = new Map<string, ActionHandler>([
      ['bindings', bindings],
      ['pods/binding', bindings],
      ['pods/eviction', evictionHandler(catalog)],
      [`subjectaccessreviews.${authorization}`, subjectAccessReviewHandler(authorizers)],
      [`localsubjectaccessreviews.${authorization}`, localSubjectAccessReviewHandler(authorizers)],
      [`selfsubjectaccessreviews.${authorization}`, selfSubjectAccessReviewHandler(authorizers)],
      [`selfsubjectrulesreviews.${authorization}`, selfSubjectRulesReviewHandler(this.policy)],
      [`tokenreviews.${authentication}`, tokenReviewHandler(this.tokens)],
      [`selfsubjectreviews.${authentication}`, selfSubjectReviewHandler()],
    ])
    const signingFile = flags['service-account-signing-key-file']
    if (signingFile) {
      const key = readSigningKey(readFileSync(signingFile, 'utf8'))
      const issuer = new TokenIssuer(flags['service-account-issuer'][0]!, key)
      const handler = tokenRequestHandler({
        lookup,
        issuer,
        random: systemRandom,
        apiAudiences: audiencesOf(flags),
      })
      actions.set('serviceaccounts/token', handler)
    }
    return actions
  }
}

function audiencesOf(flags: ApiserverConfig['flags']): readonly string[] {
  const stated = flags['api-audiences']
  return stated.length > 0 ? stated : flags['service-account-issuer']
}

function readRange({ flags }: ApiserverConfig): IpRange {
  const text = flags['service-cluster-ip-range']
  const range = IpRange.parse(text)
  if (range) return range
  throw new FlagError(
    `--service-cluster-ip-range: ${JSON.stringify(text)} is no IPv4 network of /8 to /30; IPv6 is not emulated`,
  )
}

function readPorts({ flags }: ApiserverConfig): { first: number; last: number } {
  const text = flags['service-node-port-range']
  const range = parsePortRange(text)
  if (range) return range
  throw new FlagError(`--service-node-port-range: ${JSON.stringify(text)} is no range of ports`)
}

function readOptional(file: string | undefined): string | undefined {
  return file ? readFileSync(file, 'utf8') : undefined
}
