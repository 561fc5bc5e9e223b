import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

/** One field of a Go struct, as its declaration and tags state it. */
export interface GoField {
  readonly jsonName: string
  /** With package names: `v1.Protocol`, `[]v1.Container`, `map[string]string`. Pointers are taken off. */
  readonly type: string
  readonly pointer: boolean
  readonly omitEmpty: boolean
  readonly omitZero: boolean
  /** Field number of the protobuf encoding; undefined where Go says none (TypeMeta). */
  readonly number?: number
  /** The Go names of inlined structs that it comes through. */
  readonly via: readonly string[]
}

/** Where a package lies and what its definitions are called in OpenAPI. */
export interface GoPackage {
  readonly folder: string
  /** `io.k8s.api.core.v1` */
  readonly prefix: string
}

/** Structs and named types of a set of packages, read as text: facts (names, tags), nothing else. */
export class GoStructs {
  readonly #bodies = new Map<string, string>()
  readonly #imports = new Map<string, Map<string, string>>()

  constructor(packages: readonly GoPackage[]) {
    for (const { folder, prefix } of packages) this.#read(folder, prefix)
  }

  has(definition: string): boolean {
    return this.#bodies.has(definition)
  }

  /** The fields of a definition in Go's order, inlined structs resolved. */
  fields(definition: string, via: readonly string[] = []): GoField[] {
    const prefix = definition.slice(0, definition.lastIndexOf('.'))
    const body = this.#bodies.get(definition)
    if (body === undefined) throw new Error(`no Go struct ${definition}`)
    return body.split('\n').flatMap((line) => this.#field(line, prefix, via))
  }

  #read(folder: string, prefix: string): void {
    for (const file of readdirSync(folder)) {
      if (!file.endsWith('.go') || file.endsWith('_test.go') || file.startsWith('zz_')) continue
      const text = readFileSync(join(folder, file), 'utf8').replaceAll(/\/\*[\s\S]*?\*\//g, '')
      for (const [, name, body] of text.matchAll(/^type (\w+) struct \{\n([\s\S]*?)^\}/gm)) {
        this.#bodies.set(`${prefix}.${name}`, body!)
      }
      for (const [, alias, path] of text.matchAll(/^\s(\w+)?\s?"(k8s\.io\/[^"]+)"$/gm)) {
        const map = this.#imports.get(prefix) ?? new Map<string, string>()
        this.#imports.set(prefix, map)
        map.set(alias ?? path!.slice(path!.lastIndexOf('/') + 1), path!)
      }
    }
  }

  #field(line: string, prefix: string, via: readonly string[]): GoField[] {
    const match = /^\t(?:(\w+)\s+)?([\w.[\]*]+)\s+`([^`]*)`/.exec(line)
    if (!match) return []
    const [, name, type = '', tags = ''] = match
    const [jsonName = '', ...options] = (/json:"([^"]*)"/.exec(tags)?.[1] ?? '-').split(',')
    if (jsonName === '-') return []
    const bare = type.replace(/^\*/, '')
    if (jsonName === '') {
      const goName = name ?? bare.slice(bare.lastIndexOf('.') + 1)
      return this.fields(this.#qualify(bare, prefix), [...via, goName])
    }
    const number = /protobuf:"\w+,(\d+),/.exec(tags)?.[1]
    return [
      {
        jsonName,
        type: this.#packaged(bare, prefix),
        pointer: type.startsWith('*'),
        omitEmpty: options.includes('omitempty'),
        omitZero: options.includes('omitzero'),
        ...(number !== undefined && { number: Number(number) }),
        via,
      },
    ]
  }

  /** `Protocol` in core/v1 is `v1.Protocol`; what is imported keeps its package's own name. */
  #packaged(type: string, prefix: string): string {
    const array = /^\[\](.*)$/.exec(type)
    if (array) return `[]${this.#packaged(array[1]!, prefix)}`
    const map = /^map\[([\w.]+)\](.*)$/.exec(type)
    if (map) return `map[${this.#packaged(map[1]!, prefix)}]${this.#packaged(map[2]!, prefix)}`
    if (type.startsWith('*')) return `*${this.#packaged(type.slice(1), prefix)}`
    if (/^(string|bool|byte|u?int(8|16|32|64)?|float(32|64))$/.test(type)) return type
    const full = this.#qualify(type, prefix)
    return full.split('.').slice(-2).join('.')
  }

  #qualify(type: string, prefix: string): string {
    const at = type.indexOf('.')
    if (at < 0) return `${prefix}.${type}`
    const path = this.#imports.get(prefix)?.get(type.slice(0, at)) ?? type.slice(0, at)
    return `${definitionPrefix(path)}.${type.slice(at + 1)}`
  }
}

/** `k8s.io/api/core/v1` is io.k8s.api.core.v1. */
export function definitionPrefix(path: string): string {
  return path.replace(/^k8s\.io\//, 'io.k8s.').replaceAll('/', '.')
}
