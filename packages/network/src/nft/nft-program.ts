import { execFile } from 'node:child_process'

/** Runs nft with these words and this input; resolves with its output, rejects with what it complained about. */
export type RunNft = (args: readonly string[], input?: string) => Promise<string>

/** 10,000 services are listed in about 10 MB. */
const outputLimitBytes = 256 * 1024 * 1024

/**
 * The machine's nft program in this process's network namespace. One process a transaction: `nft -i` reads its input
 * byte by byte and keeps nothing between transactions that would make it quicker (ADR 74).
 */
export const runNft: RunNft = (args, input) =>
  new Promise((resolve, reject) => {
    const options = { maxBuffer: outputLimitBytes }
    const child = execFile('nft', args, options, (error, stdout, stderr) => {
      if (error) reject(new Error(`nft ${args.join(' ')}: ${stderr.trim() || error.message}`))
      else resolve(stdout)
    })
    child.stdin?.on('error', () => {})
    child.stdin?.end(input ?? '')
  })
