/** Where in an object something is wrong: `spec.containers[0].env[1].name`, `data[key]`. */
export class FieldPath {
  readonly #text: string

  constructor(text: string) {
    this.#text = text
  }

  /** A field of the object at this path, or one deeper down. */
  child(...names: string[]): FieldPath {
    return new FieldPath([...(this.#text === '' ? [] : [this.#text]), ...names].join('.'))
  }

  /** An item of the list at this path. */
  index(at: number): FieldPath {
    return new FieldPath(`${this.#text}[${at}]`)
  }

  /** A value of the map at this path. */
  key(key: string): FieldPath {
    return new FieldPath(`${this.#text}[${key}]`)
  }

  toString(): string {
    return this.#text
  }
}

/** `fieldPath('spec', 'template')` is spec.template; without names it is the object itself. */
export function fieldPath(...names: string[]): FieldPath {
  return new FieldPath(names.join('.'))
}
