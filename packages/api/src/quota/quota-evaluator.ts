import type { ScopedResourceSelectorRequirement } from '../generated/types.ts'
import type { KubeObject } from '../object.ts'
import type { Amounts } from './amounts.ts'

/** A write that may need quota. */
export interface QuotaChange {
  readonly operation: 'CREATE' | 'UPDATE'
  readonly subresource: string
  readonly object: KubeObject
  /** Undefined for a new object. */
  readonly old: KubeObject | undefined
}

/**
 * What quotas count of one kind of object. Upstream counterpart: pkg/quota/v1's Evaluator. Where objects
 * come from is the caller's business.
 */
export interface QuotaEvaluator {
  readonly group: string
  readonly resource: string
  /** Whether such a write may change what is used. */
  handles(change: QuotaChange): boolean
  /** Those of a quota's resources that are counted here. */
  counted(names: readonly string[]): string[]
  isInScope(selector: ScopedResourceSelectorRequirement, object: KubeObject): boolean
  /** What the object leaves out that these resources make it say; undefined when nothing. */
  missing(names: readonly string[], object: KubeObject): string | undefined
  usage(object: KubeObject, nowMs: number): Amounts
}
