import type { GroupVersion } from '../schema/schema-node.ts'
import type { Operation, PathItem } from './operation.ts'
import { makePathItem, produces } from './operation.ts'
import { capital, groupWord, rootOf } from './open-api-kind.ts'

const meta = 'io.k8s.apimachinery.pkg.apis.meta.v1'

/** A path that tells what there is: versions, groups, resources. */
function discovery(
  path: string,
  id: string,
  description: string,
  tag: string,
  kind: string,
): PathItem {
  const operation: Operation = {
    method: 'get',
    operationId: id,
    description,
    tag,
    parameters: [],
    consumes: produces.object,
    produces: produces.object,
    answer: { definition: `${meta}.${kind}` },
    codes: [200],
  }
  return makePathItem(path, [operation])
}

/** `/api/v1/`, `/apis/apps/v1/` */
export function resourcesRoute(version: GroupVersion): PathItem {
  const word = groupWord(version.group)
  const id = `get${capital(word)}${capital(version.version)}APIResources`
  const tag = `${word}_${version.version}`
  return discovery(`${rootOf(version)}/`, id, 'get available resources', tag, 'APIResourceList')
}

/** `/apis/apps/` */
export function groupRoute(group: string): PathItem {
  const word = groupWord(group)
  const id = `get${capital(word)}APIGroup`
  return discovery(`/apis/${group}/`, id, 'get information of a group', word, 'APIGroup')
}

/** `/api/` and `/apis/` */
export function coreVersionsRoute(): PathItem {
  return discovery(
    '/api/',
    'getCoreAPIVersions',
    'get available API versions',
    'core',
    'APIVersions',
  )
}

export function groupsRoute(): PathItem {
  return discovery('/apis/', 'getAPIVersions', 'get available API versions', 'apis', 'APIGroupList')
}

export function versionRoute(): PathItem {
  const operation: Operation = {
    method: 'get',
    operationId: 'getCodeVersion',
    description: 'get the version information for this server',
    tag: 'version',
    parameters: [],
    consumes: ['application/json'],
    produces: ['application/json'],
    answer: { definition: 'io.k8s.apimachinery.pkg.version.Info' },
    codes: [200],
  }
  return makePathItem('/version/', [operation])
}

/** What clients need that check service-account tokens themselves. */
export function issuerRoutes(): PathItem[] {
  const operation = (id: string, description: string, tag: string, type: string): Operation => ({
    method: 'get',
    operationId: id,
    description,
    tag,
    parameters: [],
    consumes: [],
    produces: [type],
    answer: 'string',
    codes: [200],
  })
  return [
    makePathItem('/.well-known/openid-configuration/', [
      operation(
        'getServiceAccountIssuerOpenIDConfiguration',
        `get service account issuer OpenID configuration, also known as the 'OIDC discovery doc'`,
        'WellKnown',
        'application/json',
      ),
    ]),
    makePathItem('/openid/v1/jwks/', [
      operation(
        'getServiceAccountIssuerOpenIDKeyset',
        `get service account issuer OpenID JSON Web Key Set (contains public token verification keys)`,
        'openid',
        'application/jwk-set+json',
      ),
    ]),
  ]
}
