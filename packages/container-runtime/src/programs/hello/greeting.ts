import type { Surroundings } from '../surroundings.ts'

const greetings = ['bootcamp', 'hello-app'] as const
export type Greeting = (typeof greetings)[number]

export function isGreeting(text: string): text is Greeting {
  return greetings.some((greeting) => greeting === text)
}

/** The answer to every request, in the words of the images that the exercises know. */
export function greet(greeting: Greeting, { hostname, version }: Surroundings): string {
  const bare = version.replace(/^v(?=\d)/, '')
  switch (greeting) {
    case 'bootcamp':
      return `Hello Kubernetes bootcamp! | Running on: ${hostname} | v=${bare}\n`
    case 'hello-app':
      return `Hello, world!\nVersion: ${bare.includes('.') ? `${bare}.0` : bare}\nHostname: ${hostname}\n`
  }
}
