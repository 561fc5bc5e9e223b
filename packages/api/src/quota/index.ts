/**
 * What resource quotas count, and whether a write fits: pure rules for the API server, which charges, and the quota
 * controller, which counts anew. Upstream counterpart: k8s.io/apiserver/pkg/quota/v1 and pkg/quota/v1/evaluator.
 */
export { readAmounts, sameAmounts, writeAmounts } from './amounts.ts'
export type { Amounts } from './amounts.ts'
export { charge } from './charge.ts'
export type { Charge } from './charge.ts'
export { evaluatorOf } from './evaluators.ts'
export { isCountedPod, isTerminating } from './pod-evaluator.ts'
export type { QuotaChange, QuotaEvaluator } from './quota-evaluator.ts'
export { evaluatorsFor, quotaUsage } from './usage.ts'
