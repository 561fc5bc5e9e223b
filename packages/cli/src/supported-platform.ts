import { CliError } from './cli-error.ts'

/** Hosts are made of Linux namespaces and /proc. Throws a CliError elsewhere, with the way that is left. */
export function checkPlatform(platform: NodeJS.Platform): void {
  if (platform === 'linux') return
  throw new CliError(
    `kemu needs Linux, and this is ${platform}; here a cluster runs in containers: docker-compose up -d`,
  )
}
