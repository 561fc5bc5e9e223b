import type { DeviceClaim } from '../../generated/types.ts'
import type { FieldError } from '../../status-error.ts'
import { fieldInvalid } from '../../validation/field-error.ts'
import type { FieldPath } from '../../validation/field-path.ts'
import { validateLabelName } from './names.ts'
import { validateSet } from './rules.ts'

const requestsMax = 32
const text =
  "must be the name of a request in the claim or the name of a request and a subrequest separated by '/'"

/** The requests of a claim by name: `request`, or `request/subrequest`. */
export class RequestNames {
  readonly #names: ReadonlySet<string>

  constructor({ requests = [] }: DeviceClaim) {
    this.#names = new Set(
      requests.flatMap(({ name, firstAvailable = [] }) => [
        name,
        ...firstAvailable.map((request) => `${name}/${request.name}`),
      ]),
    )
  }

  /** A list of references, each once. */
  validate(names: readonly string[] | undefined, path: FieldPath): FieldError[] {
    const rule = (name: string, at: FieldPath) => this.validateOne(name, at)
    return validateSet(names, requestsMax, rule, (name) => name, path)
  }

  validateOne(name: string, path: FieldPath): FieldError[] {
    const parts = name.split('/')
    if (parts.length > 2) return [fieldInvalid(path, name, text)]
    return [
      ...parts.flatMap((part) => validateLabelName(part, path)),
      ...(this.#names.has(name) ? [] : [fieldInvalid(path, name, text)]),
    ]
  }
}
