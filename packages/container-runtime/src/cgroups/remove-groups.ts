import { existsSync, readdirSync, rmdirSync } from 'node:fs'
import { join } from 'node:path'

/** Groups are removed from the leaves up; their files go with them. Throws EBUSY while processes are in one. */
export function removeGroups(dir: string): void {
  if (!existsSync(dir)) return
  for (const entry of readdirSync(dir, { withFileTypes: true }))
    if (entry.isDirectory()) removeGroups(join(dir, entry.name))
  rmdirSync(dir)
}
