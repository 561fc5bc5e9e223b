const named = [
  'ABRT ALRM BUS CHLD CLD CONT FPE HUP ILL INT IO IOT KILL PIPE POLL PROF PWR QUIT SEGV STKFLT STOP',
  'SYS TERM TRAP TSTP TTIN TTOU URG USR1 USR2 VTALRM WINCH XCPU XFSZ',
].flatMap((names) => names.split(' '))

const realTime = [
  'RTMIN',
  ...Array.from({ length: 15 }, (_, i) => `RTMIN+${i + 1}`),
  ...Array.from({ length: 14 }, (_, i) => `RTMAX-${i + 1}`),
  'RTMAX',
]

/** core/v1 Signal, sorted as messages list them. */
export const linuxSignals: readonly string[] = [...named, ...realTime]
  .map((name) => `SIG${name}`)
  .sort()

export const windowsSignals: readonly string[] = ['SIGKILL', 'SIGTERM']
