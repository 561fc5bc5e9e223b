/** What tests of several packages share. */
export { freePorts } from './free-ports.ts'
export { ManualClock } from './manual-clock.ts'
