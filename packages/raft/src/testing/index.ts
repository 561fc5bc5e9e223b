/**
 * Tests only: the seeded simulation of a cluster with its safety checkers, for unit tests and for `npm run sim`.
 */
export { runSchedule } from './simulation.ts'
export type { ScheduleOptions, ScheduleResult } from './simulation.ts'
export type { HostBug } from './simulated-server.ts'
export { SafetyCheckers, SafetyViolation } from './safety-checkers.ts'
export type { Climate } from './weather.ts'
