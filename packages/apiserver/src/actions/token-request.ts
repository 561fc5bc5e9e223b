import {
  badRequest,
  conflict,
  formatTime,
  invalid,
  nodes,
  notFound,
  parseApiVersion,
  pods,
  secrets,
  serviceAccounts,
} from '@kemu/api'
import type {
  AuthenticationTokenRequest as TokenRequest,
  ResourceType,
  ServiceAccount,
} from '@kemu/api'
import { tokenRequest } from '@kemu/api/kinds'
import { uuid } from '@kemu/base'
import type { Random } from '@kemu/base'
import { podTokenSeconds } from '../admission/service-account.ts'
import { makeClaims } from '../authentication/service-account/claims.ts'
import type { TokenBinding } from '../authentication/service-account/claims.ts'
import type { TokenIssuer } from '../authentication/service-account/token-issuer.ts'
import type { ActionHandler } from '../registry/action-handler.ts'
import { decodeBody } from '../registry/body-decoder.ts'
import type { Lookup } from '../registry/lookup.ts'
import { methodNotAllowed } from '../registry/resource-handler.ts'
import { strategyContext } from '../registry/write-context.ts'
import type { WriteContext } from '../registry/write-context.ts'
import type { ResourceRequest } from '../request/api-request.ts'

export interface TokenRequestDeps {
  readonly lookup: Lookup
  readonly issuer: TokenIssuer
  readonly random: Random
  readonly apiAudiences: readonly string[]
}

/**
 * A pod's token lives on this long after it was asked for 3607 s, with a warning
 * (WarnOnlyBoundTokenExpiration).
 */
const extendedSeconds = 365 * 24 * 3600
const group = { group: 'authentication.k8s.io', kind: 'TokenRequest' }

/** `serviceaccounts/token`: signs a token, perhaps bound to a pod, a node or a secret. */
export function tokenRequestHandler(deps: TokenRequestDeps): ActionHandler {
  return {
    async handle({ path, operation }: ResourceRequest, entry, _context, write) {
      if (operation.verb !== 'create') throw methodNotAllowed()
      const { body, options } = operation
      const { definition } = entry
      const request = (await decodeBody(
        tokenRequest,
        body,
        options,
        write.warnings,
      )) as TokenRequest
      const account = await deps.lookup.find(serviceAccounts, path.namespace, path.name)
      if (!account) throw notFound(serviceAccounts, path.name)
      fillRequest(request, account, write)
      const attributes = {
        operation: 'CREATE' as const,
        path,
        definition,
        object: request,
        old: undefined,
        user: write.user,
        dryRun: write.dryRun,
        warnings: write.warnings,
      }
      await write.admission.admit(attributes)
      if ((request.spec.audiences ?? []).length === 0)
        request.spec.audiences = [...deps.apiAudiences]
      const errors = tokenRequest.strategy.validate(request, strategyContext(write))
      if (errors.length > 0) throw invalid(group.group, group.kind, '', errors)
      await write.admission.validate(attributes)
      await issue(deps, request, account, write)
      return { form: 'object', code: 201, object: request, entry: undefined }
    },
  }
}

function fillRequest(request: TokenRequest, account: ServiceAccount, write: WriteContext): void {
  const { namespace = '', name, uid } = account.metadata
  const { metadata } = request
  const mustMatch = (field: 'name' | 'namespace', wanted: string): void => {
    const stated = metadata[field]
    if (!stated || stated === wanted) return
    throw invalid(group.group, group.kind, write.path.name, [
      {
        type: 'FieldValueInvalid',
        field: `metadata.${field}`,
        detail: `Invalid value: ${JSON.stringify(stated)}: must match the service account ${field} if specified`,
      },
    ])
  }
  mustMatch('name', name)
  mustMatch('namespace', namespace)
  if (metadata.uid && metadata.uid !== uid) {
    throw conflict(
      { group: group.group, resource: group.kind },
      name,
      `the UID in the token request (${metadata.uid}) does not match the UID of the service account (${uid})`,
    )
  }
  Object.assign(metadata, { name, namespace, uid, creationTimestamp: formatTime(write.nowMs) })
  delete (request as { status?: unknown }).status
}

async function issue(
  { lookup, issuer, random, apiAudiences }: TokenRequestDeps,
  request: TokenRequest,
  account: ServiceAccount,
  { nowMs, path }: WriteContext,
): Promise<void> {
  const { spec } = request
  const binding = await bindingOf(lookup, request, path.namespace, path.name)
  const wanted = spec.expirationSeconds ?? 3600
  const audiences = spec.audiences ?? []
  const isOfPod =
    binding.pod !== undefined &&
    wanted === podTokenSeconds &&
    audiences.every((audience) => apiAudiences.includes(audience))
  const token = await issuer.sign(
    makeClaims({
      account,
      binding,
      audiences,
      issuer: issuer.issuer,
      jti: uuid(random),
      nowSeconds: Math.floor(nowMs / 1000),
      lifetimeSeconds: isOfPod ? extendedSeconds : wanted,
      warnAfterSeconds: isOfPod ? wanted : undefined,
    }),
  )
  request.status = { token, expirationTimestamp: formatTime(nowMs + wanted * 1000) }
}

/** The object that the token shall die with. */
async function bindingOf(
  lookup: Lookup,
  { spec }: TokenRequest,
  namespace: string,
  accountName: string,
): Promise<TokenBinding> {
  const reference = spec.boundObjectRef
  if (!reference) return {}
  const { apiVersion = '', kind = '', name = '', uid } = reference
  const { group: refGroup, version } = parseApiVersion(apiVersion)
  const types = { Pod: pods, Node: nodes, Secret: secrets } as const
  if (refGroup !== '' || !(kind in types)) {
    throw badRequest(`cannot bind token to object of type ${refGroup}/${version}, Kind=${kind}`)
  }
  const type = types[kind as keyof typeof types] as ResourceType
  const found = await lookup.find(type, type.namespaced ? namespace : '', name)
  if (!found) throw notFound(type, name)
  if (uid && uid !== found.metadata.uid) {
    throw conflict(
      { group: '', resource: kind },
      name,
      `the UID in the bound object reference (${uid}) does not match the UID in record. The object might have been deleted and then recreated`,
    )
  }
  if (kind === 'Node') return { node: { name, uid: found.metadata.uid } }
  if (kind === 'Secret') return { secret: found }
  const pod = found as TokenBinding['pod'] & object
  if (pod.spec.serviceAccountName !== accountName) {
    throw badRequest(
      `cannot bind token for serviceaccount ${JSON.stringify(accountName)} to pod running with different serviceaccount name.`,
    )
  }
  const nodeName = pod.spec.nodeName ?? ''
  if (nodeName === '') return { pod }
  const node = await lookup.find(nodes, '', nodeName)
  return { pod, node: { name: nodeName, ...(node && { uid: node.metadata.uid }) } }
}
