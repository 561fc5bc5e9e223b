/** The machine's nft program. */
export { runNft } from './nft-program.ts'
export type { RunNft } from './nft-program.ts'
