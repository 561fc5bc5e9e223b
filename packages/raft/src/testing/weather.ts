import type { Random } from '@kemu/base'

/** How often each thing happens in a schedule, as shares of all that happens. */
export interface Weather {
  readonly deliver: number
  readonly tick: number
  readonly finishWrites: number
  readonly propose: number
  readonly read: number
  readonly crash: number
  readonly crashLeader: number
  readonly bounce: number
  readonly restart: number
  readonly partition: number
  readonly isolateLeader: number
  readonly heal: number
  readonly compact: number
  readonly changeMembers: number
  readonly transferLeader: number
  readonly campaign: number
}

export type Climate = 'calm' | 'partitions' | 'crashes' | 'elections' | 'members' | 'everything'

const calm: Weather = {
  deliver: 90,
  tick: 30,
  finishWrites: 40,
  propose: 12,
  read: 4,
  crash: 0,
  crashLeader: 0,
  bounce: 0,
  restart: 5,
  partition: 0,
  isolateLeader: 0,
  heal: 1,
  compact: 1,
  changeMembers: 0,
  transferLeader: 0,
  campaign: 0,
}

/** Each climate presses on other rules; a schedule lives in one of them. */
const climates: Record<Climate, Weather> = {
  calm,
  partitions: { ...calm, tick: 45, read: 15, partition: 0.5, isolateLeader: 1, heal: 1 },
  crashes: { ...calm, crash: 2, bounce: 2, restart: 6 },
  elections: {
    ...calm,
    campaign: 4,
    crashLeader: 3,
    bounce: 6,
    finishWrites: 60,
    transferLeader: 1,
  },
  members: { ...calm, changeMembers: 4, compact: 3, crash: 1, transferLeader: 1 },
  everything: {
    ...calm,
    crash: 1,
    partition: 0.5,
    isolateLeader: 0.5,
    heal: 2,
    compact: 2,
    changeMembers: 1,
    transferLeader: 0.5,
    campaign: 0.5,
  },
}

export function chooseClimate(random: Random): Climate {
  const names = Object.keys(climates) as Climate[]
  return names[random.int(names.length)]!
}

export function weatherOf(climate: Climate): Weather {
  return climates[climate]
}

export function changesMembers(climate: Climate): boolean {
  return climates[climate].changeMembers > 0
}

/** Draws what happens next, by the shares of this weather. */
export function eventLottery(weather: Weather, random: Random): () => keyof Weather {
  const shares = (Object.entries(weather) as [keyof Weather, number][]).filter(([, n]) => n > 0)
  const total = shares.reduce((sum, [, share]) => sum + share, 0)
  return () => {
    let left = random.next() * total
    for (const [event, share] of shares) {
      if (left < share) return event
      left -= share
    }
    return 'deliver'
  }
}
