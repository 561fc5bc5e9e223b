import { createHash } from 'node:crypto'
import { catalogueText } from '../generated/catalogue.ts'
import { descriptionsPacked } from '../generated/descriptions.ts'
import type { GroupVersion } from '../schema/schema-node.ts'
import { closeDescriptions } from './descriptions.ts'
import {
  coreVersionsRoute,
  groupRoute,
  groupsRoute,
  issuerRoutes,
  resourcesRoute,
  versionRoute,
} from './fixed-routes.ts'
import type { Json } from './json.ts'
import type { OpenApiKind } from './open-api-kind.ts'
import { rootOf } from './open-api-kind.ts'
import type { PathItem } from './operation.ts'
import { routesOf } from './routes.ts'
import { v2Document } from './v2-document.ts'
import { encodeV2 } from './v2-protobuf.ts'
import { v3Document } from './v3-document.ts'

/** A document as it travels. */
export interface OpenApiDocument {
  readonly bytes: Buffer
  readonly contentType: string
  /** Upper-case hex; an ETag is this in double quotes. It changes whenever the document might. */
  readonly hash: string
}

const v2ProtobufType = 'application/com.github.proto-openapi.spec.v2.v1.0+protobuf'

/** One part of the v3 documents: a group version, or a fixed path. */
interface Section {
  readonly groupVersion?: GroupVersion
  /** What its hash is made of. */
  readonly source: unknown
  items(): PathItem[]
}

/**
 * * The OpenAPI documents of a server that serves these kinds. Each is made when it is first asked for and
 * kept; the index and all hashes cost next to nothing. Upstream counterpart: kube-openapi's handlers and
 * builders.
 */
export class OpenApi {
  readonly #kinds: readonly OpenApiKind[]
  readonly #release: string
  readonly #sections: ReadonlyMap<string, Section>
  readonly #made = new Map<string, OpenApiDocument>()
  #textHash: Buffer | undefined

  /** `release` is the minor version: `1.36`. */
  constructor(kinds: readonly OpenApiKind[], release: string) {
    this.#kinds = kinds
    this.#release = release
    this.#sections = sectionsOf(kinds)
  }

  /** /openapi/v3: where the documents are. */
  index(): OpenApiDocument {
    return this.#keep('index', () => {
      const paths = [...this.#sections.keys()].sort().map((path) => {
        return [path, { serverRelativeURL: `/openapi/v3/${path}?hash=${this.v3Hash(path)}` }]
      })
      const bytes = Buffer.from(JSON.stringify({ paths: Object.fromEntries(paths) as Json }))
      return { bytes, contentType: 'application/json', hash: hashOf(bytes) }
    })
  }

  /** The hash that /openapi/v3/<path> must be asked with; undefined for a path without document. */
  v3Hash(path: string): string | undefined {
    const section = this.#sections.get(path)
    return section && this.#hash(path, section.source)
  }

  /** The document of `api/v1`, `apis/apps/v1`, `apis`, `version` ...; undefined for other paths. */
  v3(path: string): OpenApiDocument | undefined {
    const section = this.#sections.get(path)
    return (
      section &&
      this.#keep(`v3/${path}`, () => {
        const document = v3Document(section.items(), this.#release, section.groupVersion)
        const bytes = Buffer.from(JSON.stringify(document))
        return { bytes, contentType: 'application/json', hash: this.#hash(path, section.source) }
      })
    )
  }

  /** /openapi/v2 as JSON. */
  v2(): OpenApiDocument {
    return this.#keep('v2', () => {
      const bytes = Buffer.from(JSON.stringify(this.#v2Document()))
      return { bytes, contentType: 'application/json', hash: this.#v2Hash() }
    })
  }

  /** /openapi/v2 for clients that accept `application/com.github.proto-openapi.spec.v2@v1.0+protobuf`. */
  v2Protobuf(): OpenApiDocument {
    return this.#keep('v2-protobuf', () => {
      const bytes = encodeV2(this.#v2Document())
      return { bytes, contentType: v2ProtobufType, hash: this.#v2Hash() }
    })
  }

  #v2Document(): Json {
    const items = [...this.#sections.values()].flatMap((section) => section.items())
    return v2Document(items, this.#release)
  }

  #v2Hash(): string {
    return this.#hash('v2', this.#kinds.map(sourceOf))
  }

  #keep(key: string, make: () => OpenApiDocument): OpenApiDocument {
    const known = this.#made.get(key)
    if (known) return known
    const document = make()
    closeDescriptions()
    this.#made.set(key, document)
    return document
  }

  /** Documents follow from the kinds and the generated texts, so their hash may as well. */
  #hash(name: string, source: unknown): string {
    this.#textHash ??= createHash('sha512')
      .update(catalogueText)
      .update(descriptionsPacked)
      .update(this.#release)
      .digest()
    return hashOf(Buffer.concat([this.#textHash, Buffer.from(name + JSON.stringify(source))]))
  }
}

function hashOf(bytes: Buffer): string {
  return createHash('sha512').update(bytes).digest('hex').toUpperCase()
}

function sectionsOf(kinds: readonly OpenApiKind[]): Map<string, Section> {
  const sections = new Map<string, Section>()
  const fixed = (path: string, item: () => PathItem): void => {
    sections.set(path, { source: path, items: () => [item()] })
  }
  fixed('api', coreVersionsRoute)
  fixed('apis', groupsRoute)
  fixed('version', versionRoute)
  fixed('.well-known/openid-configuration', () => issuerRoutes()[0]!)
  fixed('openid/v1/jwks', () => issuerRoutes()[1]!)
  for (const { type } of kinds) {
    if (type.group !== '') fixed(`apis/${type.group}`, () => groupRoute(type.group))
    const path = rootOf(type).slice(1)
    if (!sections.has(path)) sections.set(path, groupVersionSection(type, kinds))
  }
  return sections
}

function groupVersionSection(
  { group, version }: GroupVersion,
  kinds: readonly OpenApiKind[],
): Section {
  const own = kinds.filter(({ type }) => type.group === group && type.version === version)
  const groupVersion = { group, version }
  return {
    groupVersion,
    source: own.map(sourceOf),
    items: () => [resourcesRoute(groupVersion), ...own.flatMap(routesOf)],
  }
}

/** What the documents take from a kind. */
function sourceOf({ type, schema, verbs, subresources }: OpenApiKind): unknown {
  const parts = subresources.map((s) => [s.name, s.form, s.verbs, s.group, s.version, s.kind])
  const { group, version, resource, kind, namespaced } = type
  return [group, version, resource, kind, namespaced, schema, verbs, parts]
}
