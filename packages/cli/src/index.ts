/** The `kemu` command: words and exit codes over the packages below. */
export { CliError } from './cli-error.ts'
