import type { KubeObject } from '@kemu/api'

/** Makes the wanted object from the present one (frozen); called again when the present changed. */
export type Transform = (old: KubeObject | undefined) => Promise<KubeObject> | KubeObject
