import { maxNodeScore } from '../framework/interface.ts'

/** Scales to 0..100 by the highest score (plugins/helper DefaultNormalizeScore). */
export function normalizeByMax(scores: number[]): void {
  let highest = 0
  for (const score of scores) if (score > highest) highest = score
  if (highest === 0) return
  for (let i = 0; i < scores.length; i++)
    scores[i] = Math.floor((maxNodeScore * scores[i]!) / highest)
}

/** The same turned around: the highest raw score becomes 0; all zero becomes all 100. */
export function normalizeReversed(scores: number[]): void {
  let highest = 0
  for (const score of scores) if (score > highest) highest = score
  for (let i = 0; i < scores.length; i++)
    scores[i] =
      highest === 0
        ? maxNodeScore
        : maxNodeScore - Math.floor((maxNodeScore * scores[i]!) / highest)
}
