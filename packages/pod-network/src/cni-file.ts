import { mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

/** A template that is no CNI network list. */
export class InvalidCniTemplate extends Error {
  override name = 'InvalidCniTemplate'
}

interface Plugin {
  readonly type: string
  readonly ipam?: { readonly type?: string; readonly ranges?: unknown; readonly subnet?: unknown }
}

/**
 * The node's network list from the template of the ConfigMap: its first plugin gets the MTU, and host-local the node's
 * pod CIDR, where the template leaves them out. Throws InvalidCniTemplate.
 */
export function fillCniTemplate(
  template: string,
  podCidr: string,
  mtu: number | undefined,
): string {
  const list = parse(template)
  const [first, ...others] = list.plugins
  if (first === undefined) throw new InvalidCniTemplate('cni-conf.json has no plugins')
  const { ipam } = first
  const lacksRange =
    ipam?.type === 'host-local' && ipam.ranges === undefined && ipam.subnet === undefined
  const filled = {
    ...(mtu !== undefined && { mtu }),
    ...first,
    ...(lacksRange && { ipam: { ...ipam, ranges: [[{ subnet: podCidr }]] } }),
  }
  return `${JSON.stringify({ ...list, plugins: [filled, ...others] }, null, 2)}\n`
}

function parse(template: string): { readonly plugins: readonly Plugin[] } {
  let value: { plugins?: unknown }
  try {
    value = JSON.parse(template) as typeof value
  } catch (error) {
    throw new InvalidCniTemplate(`cni-conf.json: ${(error as Error).message}`)
  }
  if (!Array.isArray(value.plugins)) throw new InvalidCniTemplate('cni-conf.json has no plugins')
  return value as { readonly plugins: readonly Plugin[] }
}

/** Puts the file there in one step; false when it holds this text already. */
export function placeFile(dir: string, name: string, text: string): boolean {
  mkdirSync(dir, { recursive: true })
  const file = join(dir, name)
  if (read(file) === text) return false
  // Not of an ending that runtimes look for: half a file is nobody's configuration.
  const draft = join(dir, `.${name}.draft`)
  try {
    writeFileSync(draft, text, { mode: 0o644 })
    renameSync(draft, file)
  } finally {
    rmSync(draft, { force: true })
  }
  return true
}

function read(file: string): string | undefined {
  try {
    return readFileSync(file, 'utf8')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw error
  }
}
