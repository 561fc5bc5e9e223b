export const defaultCluster = 'kemu'

/**
 * A command of kemu as its reader can type it: through npx where npm started this process, with the name of any other
 * cluster than the default one.
 */
export function typed(words: string, cluster: string = defaultCluster): string {
  const program = process.env['npm_command'] === undefined ? 'kemu' : 'npx kemu'
  return `${program} ${words}${cluster === defaultCluster ? '' : ` --name ${cluster}`}`
}
