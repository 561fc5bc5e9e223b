import { objectsCases } from './cases/objects.ts'
import { listsCases } from './cases/lists.ts'
import { watchesCases } from './cases/watches.ts'
import { deletionCases } from './cases/deletion.ts'
import { podsCases } from './cases/pods.ts'
import { accessCases } from './cases/access.ts'
import { othersCases } from './cases/others.ts'
import type { Case } from './cases/case.ts'

/** Every case, in the order of the recording. */
export const cases: readonly Case[] = [
  ...objectsCases,
  ...listsCases,
  ...watchesCases,
  ...deletionCases,
  ...podsCases,
  ...accessCases,
  ...othersCases,
]
