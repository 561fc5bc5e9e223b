import { execFileSync } from 'node:child_process'
import { findProgram } from '../support/programs.ts'

/** The minor version of the kubectl that tests use, such as `v1.36`: half of what it prints is its own words. */
export function clientVersion(): string {
  const args = ['version', '--client', '-o', 'json']
  const answer = JSON.parse(execFileSync(findProgram('kubectl')!, args).toString()) as {
    clientVersion: { gitVersion: string }
  }
  return answer.clientVersion.gitVersion.split('.').slice(0, 2).join('.')
}
