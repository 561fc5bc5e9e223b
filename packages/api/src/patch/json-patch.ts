import { deepCopy, deepEqual } from '../object.ts'

/** One step of a JSON patch (RFC 6902), unchecked: what is missing shows when it is applied. */
export interface JsonPatchOperation {
  readonly op?: string
  readonly path?: string
  readonly from?: string
  readonly value?: unknown
}

/** A step that does not apply. */
export class JsonPatchError extends Error {
  override name = 'JsonPatchError'
}

/**
 * * The document after all steps; neither it nor the patch is changed. Throws a JsonPatchError. Where RFC
 * 6902 and the library that upstream uses differ, upstream counts: replace sets a missing key, and negative
 * indices count from the end.
 */
export function applyJsonPatch(
  document: unknown,
  operations: readonly JsonPatchOperation[],
): unknown {
  // The whole document is one field of a holder, so that a step may replace it.
  const holder = { document: deepCopy(document) }
  for (const operation of operations) applyStep(holder, operation)
  return holder.document
}

interface Holder {
  document: unknown
}

function applyStep(holder: Holder, step: JsonPatchOperation): void {
  const { op, path, from } = step
  const value = deepCopy(step.value ?? null)
  switch (op) {
    case 'add':
      return addAt(holder, need(path, 'path'), value)
    case 'remove':
      return removeAt(holder, need(path, 'path'))
    case 'replace':
      return replaceAt(holder, need(path, 'path'), value)
    case 'move': {
      const moved = getAt(holder, need(from, 'from'))
      removeAt(holder, need(from, 'from'))
      return addAt(holder, need(path, 'path'), moved)
    }
    case 'copy':
      return addAt(holder, need(path, 'path'), deepCopy(getAt(holder, need(from, 'from'))))
    case 'test':
      return testAt(holder, need(path, 'path'), value)
    default:
      throw new JsonPatchError(`Unexpected kind: ${op ?? 'unknown'}`)
  }
}

function need(text: string | undefined, name: string): string {
  if (text === undefined) throw new JsonPatchError(`operation missing ${name} field: missing value`)
  return text
}

type Container = unknown[] | Record<string, unknown>

/** The list or object that holds the place, and the place's key in it. */
function locate(holder: Holder, path: string): { container: Container; key: string } {
  const [first, ...parts] = path.split('/')
  const keys = parts.map((part) => part.replaceAll('~1', '/').replaceAll('~0', '~'))
  const key = keys.pop()
  let node = holder.document
  for (const step of keys) node = isContainer(node) ? read(node, step, path) : undefined
  if (first === undefined || key === undefined || !isContainer(node))
    throw new JsonPatchError(
      `operation does not apply: doc is missing path: ${path}: missing value`,
    )
  return { container: node, key }
}

function isContainer(node: unknown): node is Container {
  return typeof node === 'object' && node !== null
}

function read(container: Container, key: string, path: string): unknown {
  if (Array.isArray(container)) return container[indexOf(container.length, key, path)]
  return Object.hasOwn(container, key) ? container[key] : undefined
}

/** `length` is that of the list, or one more where something is added. */
function indexOf(length: number, key: string, path: string): number {
  const index = /^[+-]?\d+$/.test(key) ? Number(key) : Number.NaN
  const from0 = index < 0 ? index + length : index
  if (Number.isNaN(index) || from0 < 0 || from0 >= length)
    throw new JsonPatchError(`${path}: invalid index referenced: ${key}`)
  return from0
}

function getAt(holder: Holder, path: string): unknown {
  const { container, key } = locate(holder, path)
  return read(container, key, path) ?? null
}

function addAt(holder: Holder, path: string, value: unknown): void {
  const { container, key } = locate(holder, path)
  if (!Array.isArray(container)) setOwn(container, key, value)
  else if (key === '-') container.push(value)
  else container.splice(indexOf(container.length + 1, key, path), 0, value)
}

function removeAt(holder: Holder, path: string): void {
  const { container, key } = locate(holder, path)
  if (Array.isArray(container)) container.splice(indexOf(container.length, key, path), 1)
  else if (Object.hasOwn(container, key)) delete container[key]
  else throw new JsonPatchError(`${path}: Unable to remove nonexistent key: ${key}: missing value`)
}

function replaceAt(holder: Holder, path: string, value: unknown): void {
  if (path === '') {
    if (!isContainer(value))
      throw new JsonPatchError('replace operation value must be object or array')
    holder.document = value
    return
  }
  const { container, key } = locate(holder, path)
  if (Array.isArray(container)) container[indexOf(container.length, key, path)] = value
  else setOwn(container, key, value)
}

function testAt(holder: Holder, path: string, value: unknown): void {
  const found = path === '' ? holder.document : getAt(holder, path)
  if (!deepEqual(found, value))
    throw new JsonPatchError(`testing value ${path} failed: test failed`)
}

/** `__proto__` is a key like any other in data. */
function setOwn(target: Record<string, unknown>, key: string, value: unknown): void {
  Object.defineProperty(target, key, {
    value,
    enumerable: true,
    configurable: true,
    writable: true,
  })
}
