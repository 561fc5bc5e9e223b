/**
 * What the writer of an object is told while nothing in kemu acts on its kind (a real controller manager may). Only
 * new objects are worth the words.
 */
export function unattendedWarning(kind: string, old: unknown): string[] {
  if (old !== undefined) return []
  return [`kemu: ${kind} objects are kept and checked, but no part of kemu acts on them yet`]
}
