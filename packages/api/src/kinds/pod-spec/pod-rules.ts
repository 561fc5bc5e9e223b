/** Where a pod's spec stands: some rules hold for pods only, not for templates. */
export interface PodRules {
  readonly isPod: boolean
}
