import { ScenarioCluster } from './scenario-cluster.ts'

/**
 * A scenario is a story in a text file: prose after `#`, commands after `>`, and under each command what it made
 * happen, indented by four. Replaying gives the same text, or the test fails; `--rewrite` takes the new text over.
 */
export function replayScenario(text: string): string {
  const cluster = new ScenarioCluster()
  const lines: string[] = []
  for (const line of text.split('\n')) {
    if (line.startsWith('    ')) continue
    lines.push(line)
    if (line.startsWith('> ')) lines.push(...cluster.run(line.slice(2)).map((l) => `    ${l}`))
  }
  return lines.join('\n')
}
