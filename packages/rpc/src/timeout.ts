const unitsMs: Readonly<Record<string, number>> = {
  H: 3_600_000,
  M: 60_000,
  S: 1000,
  m: 1,
  u: 1e-3,
  n: 1e-6,
}

/** The header `grpc-timeout`: at most eight digits and a unit. */
export function encodeTimeout(timeoutMs: number): string {
  const ms = Math.max(1, Math.ceil(timeoutMs))
  return ms < 1e8 ? `${ms}m` : `${Math.ceil(ms / 1000)}S`
}

/** Undefined where the caller set no limit, or none that can be read. */
export function decodeTimeout(header: string | undefined): number | undefined {
  const [, digits, unit] = /^(\d{1,8})([HMSmun])$/.exec(header ?? '') ?? []
  return digits === undefined ? undefined : Number(digits) * unitsMs[unit!]!
}
