import { chownSync } from 'node:fs'

/** A user or group that a pod asks for, and that this node's user namespace does not hold (user_namespaces(7)). */
export class UnknownOwner extends Error {
  override name = 'UnknownOwner'
}

/** Gives a file of a volume to a user and a group, where this kubelet is root and may. */
export function giveTo(path: string, uid: number, gid: number): void {
  if (process.getuid?.() !== 0) return
  try {
    chownSync(path, uid, gid)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EINVAL') throw error
    throw new UnknownOwner(
      `user ${uid} or group ${gid} does not exist in the user namespace that this node runs in`,
    )
  }
}
