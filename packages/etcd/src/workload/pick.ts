import type { Random } from '@kemu/base'

export function pick<T>(random: Random, choices: readonly T[]): T {
  return choices[random.int(choices.length)]!
}
