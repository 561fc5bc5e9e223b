import type { UserInfo } from '../../request/user-info.ts'

/**
 * The node that a user is; '' for a node without a name, undefined for others
 * (auth/nodeidentifier).
 */
export function nodeNameOf({ name, groups }: UserInfo): string | undefined {
  if (!name.startsWith('system:node:') || !groups.includes('system:nodes')) return undefined
  return name.slice('system:node:'.length)
}
