import { goJson } from '../go-text.ts'
import type { Json } from './json.ts'

/**
 * * Parameters that stand once in a v2 document and are referred to, because most operations have them.
 * Upstream counterpart: kube-openapi's deduplicateParameters; the names are the same.
 */
export class SharedParameters {
  readonly #byText = new Map<string, { name: string; form: Json }>()

  /** The parameter, or a reference to it. */
  refer(form: Json): Json {
    if (!isShared(form)) return form
    const text = goJson(form)
    const known = this.#byText.get(text)
    const name = known?.name ?? `${String(form['name'])}-${hash(text)}`
    if (!known) this.#byText.set(text, { name, form })
    return { $ref: `#/parameters/${name}` }
  }

  /** All that were referred to. */
  definitions(): Json {
    const entries = [...this.#byText.values()].map(({ name, form }) => [name, form] as const)
    return Object.fromEntries(entries.sort(([a], [b]) => (a < b ? -1 : 1)))
  }
}

/** Those stay where they are that name a kind, and two by which old kubectl finds out what a server can do. */
function isShared(form: Json): boolean {
  const { name, in: place, schema } = form
  if (name === 'name') return false
  if (place === 'query') return name !== 'fieldValidation' && name !== 'dryRun'
  if (place !== 'body') return true
  const ref = (schema as { $ref: string }).$ref
  return ref.startsWith('#/definitions/io.k8s.apimachinery')
}

/** The first six bytes of FNV-1, in eight characters. */
function hash(text: string): string {
  let value = 0xcbf29ce484222325n
  for (const byte of Buffer.from(text)) {
    value = BigInt.asUintN(64, value * 0x100000001b3n) ^ BigInt(byte)
  }
  const bytes = Buffer.alloc(8)
  bytes.writeBigUInt64BE(value)
  return bytes.subarray(0, 6).toString('base64url')
}
