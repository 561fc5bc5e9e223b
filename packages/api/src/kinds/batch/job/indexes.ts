import { goQuote } from '../../../go-text.ts'

/** `1,3-5`: indexes of pods, each once and in order. Throws IndexesError. */
export function parseIndexes(text: string, completions: number): (readonly [number, number])[] {
  if (text === '') return []
  let last: number | undefined
  return text.split(',').map((part) => {
    const [first, end] = parseInterval(part, completions)
    if (last !== undefined && last >= first) throw disordered(last, first)
    last = end
    return [first, end]
  })
}

class IndexesError extends Error {}

function parseInterval(text: string, completions: number): readonly [number, number] {
  const limits = text.split('-')
  if (limits.length > 2) {
    const rule = "an index interval can have at most two parts separated by '-'"
    throw new IndexesError(`the fragment ${goQuote(text)} violates the requirement that ${rule}`)
  }
  const [first, end = first] = limits.map((limit) => parseIndex(limit, completions))
  if (limits.length > 1 && first! >= end!) throw disordered(first!, end!)
  return [first!, end!]
}

function parseIndex(text: string, completions: number): number {
  if (!/^[-+]?\d+$/.test(text))
    throw new IndexesError(`cannot convert string to integer for index: ${goQuote(text)}`)
  const index = Number(text)
  if (index >= completions) throw new IndexesError(`too large index: ${goQuote(text)}`)
  return index
}

function disordered(previous: number, current: number): IndexesError {
  return new IndexesError(`non-increasing order, previous: ${previous}, current: ${current}`)
}

/** What is wrong with it, or undefined. */
export function indexesComplaint(text: string, completions: number): string | undefined {
  try {
    parseIndexes(text, completions)
    return undefined
  } catch (error) {
    if (error instanceof IndexesError) return error.message
    throw error
  }
}

/**
 * The first index that both lists have, as they are read side by side; intervals that cannot be read are passed over.
 */
export function firstCommonIndex(a: string, b: string, completions: number): number | undefined {
  const [ours, theirs] = [a, b].map((text) =>
    text
      .split(',')
      .flatMap((part) =>
        part === '' || indexesComplaint(part, completions) !== undefined
          ? []
          : [parseInterval(part, completions)],
      ),
  ) as [Interval[], Interval[]]
  let [i, j] = [0, 0]
  while (i < ours.length && j < theirs.length) {
    const [[from, to], [first, end]] = [ours[i]!, theirs[j]!]
    if (from <= end && first <= to) return Math.max(from, first)
    if (from <= first) i++
    else j++
  }
  return undefined
}

type Interval = readonly [number, number]
