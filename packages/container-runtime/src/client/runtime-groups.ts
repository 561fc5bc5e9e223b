import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { removeGroups } from '../cgroups/remove-groups.ts'

/**
 * Removes the control groups that a runtime made, after all its processes have ended: they are the machine's, and the
 * kernel keeps them. `root` is the runtime's --root. False while a process is in one of them.
 */
export function removeRuntimeGroups(root: string): boolean {
  const file = join(root, 'process', 'cgroups.json') // the process handler's own directory
  if (!existsSync(file)) return true
  try {
    for (const dir of JSON.parse(readFileSync(file, 'utf8')) as string[]) removeGroups(dir)
    return true
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EBUSY') return false
    throw error
  }
}
