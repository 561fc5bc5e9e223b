/** Runs something once everything that this turn of the event loop has to read is read. */
export type AfterTurn = (run: () => void) => void

export const systemAfterTurn: AfterTurn = setImmediate
