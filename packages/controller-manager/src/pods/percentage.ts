/** An amount or a share of a total, as `25%`; the share is rounded as told (intstr.GetScaledValueFromIntOrPercent). */
export function amountOrShare(
  value: number | string | undefined,
  total: number,
  round: 'up' | 'down',
): number {
  if (value === undefined) return 0
  if (typeof value === 'number') return value
  const share = /^(\d+)%$/.exec(value)
  if (!share) return Number(value)
  const exact = (Number(share[1]) * total) / 100
  return round === 'up' ? Math.ceil(exact) : Math.floor(exact)
}
