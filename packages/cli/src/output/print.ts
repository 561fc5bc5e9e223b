/** What people read goes to stdout as it is. */
export function print(text: string): void {
  process.stdout.write(text)
}
